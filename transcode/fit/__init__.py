"""The search for the best rendition under a limit in bytes."""
