"""Backdrops painted around the untouched product."""
