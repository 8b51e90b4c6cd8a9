"""The cut-out engines. To add one, write a module that meets `CutoutEngine` and list it here."""

from typing import TYPE_CHECKING

from pipeline.core.engines import Registry
from pipeline.imaging.cutout import backdrop, checkpoint, seeded

if TYPE_CHECKING:
    from pipeline.imaging.cutout.base import CutoutEngine

ENGINES: "Registry[CutoutEngine]" = Registry("cutout", backdrop, seeded, checkpoint)
