"""What looking for words costs."""
