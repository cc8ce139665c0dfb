"""Compiled loops over planes and numbers. They know no codec but JPEG, no limit and no carrier."""
