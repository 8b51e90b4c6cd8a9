"""Strategies that grow, prune and move Gaussians during a fit."""
