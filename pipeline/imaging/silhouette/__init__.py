"""Corrects a matte by the splat's silhouette."""
