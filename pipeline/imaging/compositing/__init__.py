"""Composite product, shadow and backdrop in linear light."""
