"""The engines of the splat step: a module each, listed in `registry`."""
