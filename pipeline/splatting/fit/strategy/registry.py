"""The strategies by name; to add one, write a module beside this one and a function here.

Each function makes its strategy from a fit's settings; `extent` is the radius of the cameras, in world units. Its
docstring describes the strategy in help texts. The class, which needs torch, is imported inside the function, because
reading a preset needs the names only.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pipeline.splatting.fit.params import FitParams
    from pipeline.splatting.fit.strategy.base import Strategy


def mcmc(params: FitParams, extent: float) -> Strategy:  # noqa: ARG001 - the signature of all strategies
    """Move dead Gaussians to living ones and explore by noise (Kheradmand et al. 2024)."""
    from pipeline.splatting.fit.strategy.mcmc import Mcmc

    return Mcmc(params.gaussians, noise=params.noise)


def densify(params: FitParams, extent: float) -> Strategy:
    """Clone, split, prune and reset opacity, as 3DGS does (Kerbl et al. 2023)."""
    from pipeline.splatting.fit.strategy.densify import Densify

    return Densify(params.gaussians, extent, params.grow_slope, params.opacity_rate)


STRATEGIES: dict[str, Callable[[FitParams, float], Strategy]] = {"mcmc": mcmc, "default": densify}


def known(name: str) -> str:
    """Return `name`; as a field's validator, raise ValueError if no strategy has this name."""
    if name not in STRATEGIES:
        raise ValueError(f"no strategy has this name; use one of {', '.join(STRATEGIES)}")
    return name


def summaries() -> dict[str, str]:
    """Return a one-line description of each strategy, by name."""
    return {name: (make.__doc__ or "").partition("\n")[0].removesuffix(".") for name, make in STRATEGIES.items()}
