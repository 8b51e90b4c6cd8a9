"""Finished files under names that people read: in a folder, or as a zip."""
