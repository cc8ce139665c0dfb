"""Fit animations under a limit in bytes."""
