"""Decides how connections are served: who waits for whom, and for how long. Knows no subject."""
