"""Buckets of an object store: their URLs, and reading and writing the objects in them."""
