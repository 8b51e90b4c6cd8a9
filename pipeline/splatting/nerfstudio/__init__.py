"""The engine that runs nerfstudio as a program."""
