"""The engines that paint backdrops. To add one, write a module that meets `Painter` and list it here."""

from pipeline.core.domain import Frozen
from pipeline.core.engines import Registry
from pipeline.diffusion.painting import diffusers
from pipeline.diffusion.painting.base import Painter

ENGINES: Registry[Painter] = Registry("background", diffusers)


def varied(params: Frozen, number: int) -> Frozen:
    """The settings for try `number` of a backdrop whose checks failed; the same where an engine cannot vary them."""
    engine = ENGINES.of(params)
    if not hasattr(engine, "varied"):
        return params
    changed: Frozen = engine.varied(params, number)
    return changed
