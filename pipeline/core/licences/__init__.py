"""What the licences of checkpoints allow: read from the checkpoint's own files, stated by a person, and enforced."""
