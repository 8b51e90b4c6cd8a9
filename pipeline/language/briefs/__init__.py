"""Briefs: what a person asks for in words, turned into a plan in the vocabulary of shoot.yaml."""
