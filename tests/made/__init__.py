"""Media and messages that tests generate in code."""
