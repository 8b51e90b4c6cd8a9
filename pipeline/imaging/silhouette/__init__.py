"""Corrects a photo's matte with the splat's silhouette."""
