"""From the picture of a line to its text, words and confidence;
does not know where on the page it stood.
"""
