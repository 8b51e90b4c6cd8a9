"""Splat engines behind one Protocol."""
