"""Turns a product shoot into a finished catalog, every night, with proof. Start at `pipeline/design.md`."""
