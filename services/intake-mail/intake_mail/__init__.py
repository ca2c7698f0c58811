"""intake-mail: letters become submissions."""
