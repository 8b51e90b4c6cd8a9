"""Asks a language model for a typed answer, through pydantic-ai: Anthropic, OpenAI, or a compatible server."""
