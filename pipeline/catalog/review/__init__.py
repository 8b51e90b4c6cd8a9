"""Decisions of people on assets: how they are taken, applied, undone and listed."""
