"""Reads photos: decoding, EXIF, quality measures."""
