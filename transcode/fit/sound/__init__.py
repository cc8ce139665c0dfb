"""A recording under a limit in bytes."""
