"""In which order the lines of a page are read; sees boxes and texts, never pixels."""
