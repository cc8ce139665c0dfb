"""Messages as octets, and back. Knows no codec and no socket."""
