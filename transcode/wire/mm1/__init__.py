"""MM1: the PDUs between MMS clients and their MMS centre."""
