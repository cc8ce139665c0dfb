"""The doors of the message centre: each speaks one protocol, and knows no states."""
