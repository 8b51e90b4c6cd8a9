"""Estimates camera poses: features, pairs to match, matching, and COLMAP's mapper in a process of its own."""
