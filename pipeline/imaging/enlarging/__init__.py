"""Enlarges pictures that have fewer pixels than their channel: a small network of the project, or a checkpoint."""
