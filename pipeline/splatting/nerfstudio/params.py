"""The settings of nerfstudio; imports nothing heavy."""

from typing import Literal

from pydantic import Field

from pipeline.splatting.fit.params import FitParams


class NerfstudioParams(FitParams):
    """What nerfstudio trains, and for how long; `fit_splatfacto` and `fit_nerfacto` list the settings they use."""

    nerfstudio_method: Literal["splatfacto", "nerfacto"] = "splatfacto"
    """Train Gaussians (splatfacto), or a radiance field on whose surface our own Gaussians start (nerfacto)."""
    nerfacto_iterations: int = Field(default=5000, ge=1)
    """Steps of the field; `iterations` and all other settings apply to the Gaussians that start on it."""
    nerfstudio_seconds: float = Field(default=1800.0, gt=0)
    """Time limit of nerfstudio's training, at which it is killed and the fit fails."""
