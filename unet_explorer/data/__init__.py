"""Images to learn from: made, read, and varied."""
