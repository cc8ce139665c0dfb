"""Fit clips under a limit in bytes."""
