"""Tells apart sides of a product that look alike."""
