"""Sales channels: what each requires of a file, and how the file is encoded and marked."""
