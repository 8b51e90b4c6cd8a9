"""Paints a backdrop around a product with a diffusion checkpoint."""
