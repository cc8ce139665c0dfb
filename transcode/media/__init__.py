"""Media as bytes, and back: probing, decoding to planes, encoding. It knows no limit of any carrier."""
