"""A clip under a limit in bytes."""
