"""Our trainer on a CUDA device, with gsplat as its rasterizer."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from pipeline.splatting.fit.params import FitParams

if TYPE_CHECKING:
    from pipeline.core.colmap.model import Points
    from pipeline.splatting.fit.report import Hooks
    from pipeline.splatting.fit.result import Fit
    from pipeline.splatting.photos import PosedPhoto


class Params(FitParams):
    """The trainer's settings."""

    engine: Literal["gsplat"] = "gsplat"


def require_here(params: Params) -> str:  # noqa: ARG001 - the Protocol's
    """Return the versions of gsplat and CUDA and the device's name. Raises MissingEngine as `require_gsplat` does."""
    from pipeline.splatting.raster.gsplat import GsplatRasterizer

    return GsplatRasterizer().version


def fit(params: Params, photos: list[PosedPhoto], points: Points, hooks: Hooks) -> Fit:
    """Fit with `trainer.fit`."""
    from pipeline.splatting.fit import trainer
    from pipeline.splatting.raster.gsplat import GsplatRasterizer

    return trainer.fit(params, GsplatRasterizer(), photos, points, hooks)
