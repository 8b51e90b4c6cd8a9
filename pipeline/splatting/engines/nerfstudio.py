"""nerfstudio's trainers splatfacto and nerfacto, in an image of their own."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from pipeline.splatting.nerfstudio.params import NerfstudioParams

if TYPE_CHECKING:
    from pipeline.core.colmap.model import Points
    from pipeline.splatting.fit.report import Hooks
    from pipeline.splatting.fit.result import Fit
    from pipeline.splatting.photos import PosedPhoto


class Params(NerfstudioParams):
    """The settings of nerfstudio and of our trainer."""

    engine: Literal["nerfstudio"] = "nerfstudio"


def require_here(params: Params) -> str:  # noqa: ARG001 - the Protocol's
    """Return nerfstudio's version and the path of ns-train. Raises MissingEngine as `require_nerfstudio` does."""
    from pipeline.splatting.nerfstudio.run import nerfstudio_version, require_nerfstudio

    return f"{nerfstudio_version()}, ns-train at {require_nerfstudio()}"


def fit(params: Params, photos: list[PosedPhoto], points: Points, hooks: Hooks) -> Fit:
    """Fit with `fit_splatfacto` or `fit_nerfacto`."""
    if params.nerfstudio_method == "nerfacto":
        from pipeline.splatting.nerfstudio.nerfacto import fit_nerfacto

        return fit_nerfacto(params, photos, hooks)
    from pipeline.splatting.nerfstudio.splatfacto import fit_splatfacto

    return fit_splatfacto(params, photos, points, hooks)
