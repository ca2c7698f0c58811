"""intake-phone: calls become submissions."""
