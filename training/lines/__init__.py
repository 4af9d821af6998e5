"""From a text to the picture of its line, and labelled lines of one's own."""
