"""Search for the best rendition of a source under a limit in bytes."""
