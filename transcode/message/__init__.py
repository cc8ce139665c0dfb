"""Slides, SMIL, and the division of a message's bytes among its parts."""
