"""Pictures: ingest, cut-out, compositing, channels, checks."""
