"""Child processes that may be killed, and files that are written whole or not at all."""
