"""An animation under a limit in bytes."""
