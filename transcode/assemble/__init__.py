"""A message as octets, and back. It knows no codec."""
