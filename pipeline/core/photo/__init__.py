"""Photos as shot: their file types and limits, EXIF, and decoding to upright 8-bit sRGB."""
