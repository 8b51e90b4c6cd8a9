"""The strategies by name: adding one is a module beside this one and a function here.

Each function makes its strategy from a fit's settings; `extent` is the radius of the cameras, in world units. The
function's docstring describes the strategy in help texts. Its class is imported inside, for it needs torch, and the
names are needed where a preset is read.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pipeline.splatting.fit.params import FitParams
    from pipeline.splatting.fit.strategy.base import Strategy


def mcmc(params: FitParams, extent: float) -> Strategy:  # noqa: ARG001 - every strategy's
    """Dead Gaussians move to living ones, noise explores (Kheradmand et al. 2024)."""
    from pipeline.splatting.fit.strategy.mcmc import Mcmc

    return Mcmc(params.gaussians, noise=params.noise)


def densify(params: FitParams, extent: float) -> Strategy:
    """Clone and split, prune, reset opacity, as 3DGS does (Kerbl et al. 2023)."""
    from pipeline.splatting.fit.strategy.densify import Densify

    return Densify(params.gaussians, extent, params.grow_slope, params.opacity_rate)


STRATEGIES: dict[str, Callable[[FitParams, float], Strategy]] = {"mcmc": mcmc, "default": densify}


def known(name: str) -> str:
    """The name itself. For use as a field's validator: raises ValueError when no strategy has this name."""
    if name not in STRATEGIES:
        raise ValueError(f"no strategy has this name; use one of {', '.join(STRATEGIES)}")
    return name


def summaries() -> dict[str, str]:
    """What each strategy does, in one line, by name."""
    return {name: (make.__doc__ or "").partition("\n")[0].removesuffix(".") for name, make in STRATEGIES.items()}
