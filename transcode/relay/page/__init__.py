"""The page of a message for a browser: what is in it, how it looks, and who only looks at its address."""
