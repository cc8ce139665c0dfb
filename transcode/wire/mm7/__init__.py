"""MM7: the SOAP messages between MMSCs and providers (VASPs)."""
