"""Decodes, encodes and copies the sound of recordings and clips."""
