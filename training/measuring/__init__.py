"""How well lines and pages are read, and how far confidences are to be believed."""
