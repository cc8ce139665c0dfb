"""Fit still pictures under a limit in bytes."""
