"""Runs nerfstudio as a program: its input, its command lines, its output."""
