"""What `make run` starts: set-up, embedded servers, a small supervisor."""
