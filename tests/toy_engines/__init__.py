"""One small engine per registry, as another project would add it."""
