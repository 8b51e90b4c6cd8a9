"""nerfstudio, run as a program: its input, its command lines, its output."""
