"""Recordings and the sound of clips, decoded, coded and copied."""
