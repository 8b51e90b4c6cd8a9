"""Engines that turn pictures into vectors."""
