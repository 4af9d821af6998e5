"""What a reader of the README can run to get its figures."""
