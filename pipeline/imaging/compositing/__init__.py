"""Puts product, shadow and backdrop together in linear light."""
