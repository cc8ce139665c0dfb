"""A still picture under a limit in bytes."""
