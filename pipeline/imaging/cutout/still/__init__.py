"""Learns the backdrop from a camera that stood still."""
