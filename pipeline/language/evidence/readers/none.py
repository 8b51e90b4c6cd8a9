"""Reads nothing: for products without text, or where seconds count."""

from typing import Literal

from pipeline.core.arrays import Rgb
from pipeline.core.domain import Frozen
from pipeline.language.evidence.readers.base import Line


class Params(Frozen):
    """The engine has no settings."""

    engine: Literal["none"] = "none"


def require_here(params: Params) -> str:  # noqa: ARG001 - nothing runs, whatever the settings
    """Return what would run on this machine."""
    return "none"


def read(rgb: Rgb, params: Params) -> tuple[Line, ...]:  # noqa: ARG001
    """No lines."""
    return ()


def signature(params: Params) -> str:  # noqa: ARG001
    """Nothing is read."""
    return ""
