"""Messages as their users see them."""
