"""Looks at whole photos: the table, what stands on it, and the seeds of its cut-outs."""
