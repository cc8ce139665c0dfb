"""MM1: the PDUs that phones and their message centre exchange."""
