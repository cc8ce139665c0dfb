"""Reads and writes the octets of messages. Uses no codec and no socket."""
