"""Trains the embedded backdrop checkpoint on generated scenes."""
