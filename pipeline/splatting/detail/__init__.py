"""Lays the photos' fine structure over a picture drawn from a splat, whose broad tones stay as they are."""
