"""Readers: engines that find text in a picture."""
