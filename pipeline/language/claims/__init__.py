"""Splits captions into claims and judges each by the evidence."""
