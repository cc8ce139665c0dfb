"""Fit recordings under a limit in bytes."""
