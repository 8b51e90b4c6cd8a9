"""What the photos of a product show: colours, pattern, gloss, proportion, and the text on it."""
