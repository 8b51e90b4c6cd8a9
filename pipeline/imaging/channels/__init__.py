"""Sales channels: what each requires of a file, and how to encode and mark it."""
