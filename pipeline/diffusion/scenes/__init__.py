"""Procedural backdrop scenes: the vocabulary of prompts, and the generator that renders them."""
