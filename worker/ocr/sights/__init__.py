"""What the networks see: who makes it, the host with OpenCV or a GPU by itself, and how."""
