"""The cut-out engines. To add one, write a module that meets `CutoutEngine` and list it here."""

from typing import TYPE_CHECKING

from pipeline.core.domain import Frozen
from pipeline.core.engines import Registry
from pipeline.imaging.cutout import auto, backdrop, checkpoint, seeded

if TYPE_CHECKING:
    from pipeline.core.arrays import Rgb
    from pipeline.imaging.cutout.base import Cut, CutoutEngine
    from pipeline.imaging.cutout.seeds import Seeds

ENGINES: "Registry[CutoutEngine]" = Registry("cutout", auto, backdrop, seeded, checkpoint)


def cut_photo(rgb: "Rgb", params: Frozen, seeds: "Seeds | None" = None) -> "Cut":
    """Cut out a photo [h, w, 3] uint8 with the engine of `params`, from `seeds` where the shoot gave some."""
    from pipeline.imaging.cutout.base import Cut, cut_out
    from pipeline.imaging.cutout.mask.pieces import product_of
    from pipeline.imaging.cutout.verdict.verdict import judge

    if seeds is None or not isinstance(params, seeded.Params):
        return cut_out(ENGINES.of(params), rgb, params)
    found = seeded.cut(rgb, params, seeds)
    alpha, dropped = product_of(rgb, found)
    return Cut(alpha, dropped, judge(rgb, alpha, found=found))
