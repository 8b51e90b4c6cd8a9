"""Judges mattes: how far each can be believed, and how far those of a shoot agree."""
