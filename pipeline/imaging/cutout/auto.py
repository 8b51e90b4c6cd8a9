"""The engine that succeeds on the shoot, judged on three photos: `backdrop`, or `seeded` without a box."""

from typing import Literal

from pipeline.core.arrays import Alpha, Rgb
from pipeline.core.domain import Frozen
from pipeline.imaging.cutout import backdrop, seeded
from pipeline.imaging.cutout.params import OutlineParams

PLAIN_BACKDROP = True  # of one photo alone


class Params(OutlineParams):
    """Settings that the engines share."""

    engine: Literal["auto"] = "auto"


def require_here(params: Params) -> str:  # noqa: ARG001 - the engines are part of this package
    """Return the engines to choose from: they run on every machine."""
    return "auto: backdrop, seeded"


def licence(params: Params) -> str:  # noqa: ARG001 - the same for all settings
    """Return `no weights`."""
    return "no weights"


def cut(rgb: Rgb, params: Params) -> Alpha:
    """Alpha [h, w] uint8 of one photo [h, w, 3] uint8 without its shoot, which only `backdrop` can cut out."""
    return backdrop.cut(rgb, backdrop.Params(**_shared(params)))


def candidates(params: Params) -> tuple[Frozen, ...]:
    """The settings of the engines to try, the cheapest first."""
    shared = _shared(params)
    return (
        backdrop.Params(**shared),
        seeded.Params(seeds="still", **shared),
        seeded.Params(seeds="structure", **shared),
    )


def _shared(params: Params) -> dict[str, int | None]:
    return params.model_dump(exclude={"engine"})
