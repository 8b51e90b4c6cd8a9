"""Trains the embedded backdrop checkpoint on procedural scenes."""
