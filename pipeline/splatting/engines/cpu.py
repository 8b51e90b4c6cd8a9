"""Our trainer on the CPU; requires no GPU and no compiler."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from pipeline.splatting.fit.params import FitParams
from pipeline.splatting.raster.cpu_version import cpu_version

if TYPE_CHECKING:
    from pipeline.core.colmap.model import Points
    from pipeline.splatting.fit.report import Hooks
    from pipeline.splatting.fit.result import Fit
    from pipeline.splatting.photos import PosedPhoto


class Params(FitParams):
    """The trainer's settings."""

    engine: Literal["cpu"] = "cpu"


def require_here(params: Params) -> str:  # noqa: ARG001 - the Protocol's
    """Return the version of the CPU rasterizer, which is always installed."""
    return cpu_version()


def fit(params: Params, photos: list[PosedPhoto], points: Points, hooks: Hooks) -> Fit:
    """Fit with `trainer.fit`."""
    from pipeline.splatting.fit import trainer
    from pipeline.splatting.raster.cpu import CpuRasterizer

    return trainer.fit(params, CpuRasterizer(), photos, points, hooks)
