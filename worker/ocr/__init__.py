"""The reader: page images to lines of text."""
