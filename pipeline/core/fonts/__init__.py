"""Fonts of the sheets and plots, under the SIL Open Font License 1.1 (`OFL.txt`)."""
