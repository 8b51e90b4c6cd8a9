"""Draws a shoot's contact sheet."""
