"""Photos as shot: which files are photos, their limits, decoding to upright 8-bit sRGB, EXIF."""
