"""Reads sources, recognises their formats by their bytes, and opens containers and tracks."""
