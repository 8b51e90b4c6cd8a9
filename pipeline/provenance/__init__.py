"""Marking of published images."""
