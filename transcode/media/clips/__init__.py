"""Lists the packets of clips, and decodes, encodes, cuts and remuxes their video."""
