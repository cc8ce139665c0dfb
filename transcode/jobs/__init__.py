"""Work that may be killed, and files that are there whole or not at all."""
