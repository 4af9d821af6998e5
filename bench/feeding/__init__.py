"""What a worker costs the host, with networks that answer from memory: the ceiling of a GPU."""
