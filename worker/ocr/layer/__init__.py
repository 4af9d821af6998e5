"""The words that a PDF page brings along, believed where the picture of the page agrees."""
