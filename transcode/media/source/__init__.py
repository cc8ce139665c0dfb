"""What the user gave: read, told by its octets, its containers and tracks taken apart."""
