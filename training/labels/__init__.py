"""What a line says: words, phrases and prose of the documents that are to be read."""
