"""The engines that paint backdrops. To add one, write a module that meets `Painter` and list it here."""

from pipeline.core.engines import Registry
from pipeline.diffusion.painting import diffusers
from pipeline.diffusion.painting.base import Painter

ENGINES: Registry[Painter] = Registry("background", diffusers)
