"""Checks of every finished asset, and the judgement that follows from them."""
