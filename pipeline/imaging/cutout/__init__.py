"""Cuts the product out of a photo, with one module per engine."""
