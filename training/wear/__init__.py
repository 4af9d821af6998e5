"""From clean ink to what a camera or scanner sees of it. Knows no text."""
