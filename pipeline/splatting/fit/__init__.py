"""Fits Gaussians to posed photos."""
