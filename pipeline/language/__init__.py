"""Writes captions, with one module per engine."""
