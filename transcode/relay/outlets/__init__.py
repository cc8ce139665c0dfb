"""The next hops of a message: each takes attempts and reports of one route, and says what became of them."""
