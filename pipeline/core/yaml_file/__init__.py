"""Reads YAML files that people type: values as they mean them, and errors that name the line and the remedy."""
