"""Media made in code, for tests."""
