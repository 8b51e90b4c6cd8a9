"""The engines of the splat step: one module each, listed in `registry`."""
