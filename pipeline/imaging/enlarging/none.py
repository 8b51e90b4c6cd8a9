"""Resamples pictures that are smaller than their channel's frame, and adds no detail."""

from typing import Literal

from pipeline.core.arrays import Mask, Rgb
from pipeline.core.domain import Frozen


class Params(Frozen):
    """The engine has no settings."""

    engine: Literal["none"] = "none"


def require_here(_params: Params) -> str:
    """Return what would run: composite's own resampling."""
    return "resampling"


def enlarges(_params: Params) -> bool:
    """Always false."""
    return False


def invents(_params: Params) -> bool:
    """Always false."""
    return False


def once(_picture: Rgb, _factor: int, _where: Mask, _params: Params) -> Rgb:
    """Raise ValueError: the engine must not be called, since `enlarges` is false."""
    raise ValueError("the engine `none` does not enlarge")
