"""Trains the embedded networks on photographs that packages bring; only the weights are part of the project."""
