"""Cuts the product out of a photo: one module for each engine."""
