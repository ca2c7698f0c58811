"""What the router keeps, and every query on it."""
