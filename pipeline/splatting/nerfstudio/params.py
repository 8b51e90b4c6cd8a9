"""The settings of a fit by nerfstudio; imports nothing heavy."""

from typing import Literal

from pydantic import Field

from pipeline.splatting.fit.params import FitParams


class NerfstudioParams(FitParams):
    """What nerfstudio trains, and for how long; `splatfacto` and `nerfacto` say which trainer settings they use."""

    nerfstudio_method: Literal["splatfacto", "nerfacto"] = "splatfacto"
    """What nerfstudio trains: Gaussians, or a radiance field on whose surface our own Gaussians begin."""
    nerfacto_iterations: int = Field(default=5000, ge=1)
    """Steps of the field; `iterations` and all other settings are those of the Gaussians that begin on it."""
    nerfstudio_seconds: float = Field(default=1800.0, gt=0)
    """nerfstudio's training is stopped by then, and the fit fails."""
