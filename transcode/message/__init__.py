"""Slides, SMIL presentations, and the allocation of a message's bytes to its parts."""
