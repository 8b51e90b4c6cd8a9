"""The trainer, which fits Gaussians to posed photos."""
