"""Generated scenes: what a prompt means, and how the embedded engine draws it."""
