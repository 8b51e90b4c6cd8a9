"""The Protocol of strategies, which add, move and remove Gaussians between the optimiser's steps."""

from dataclasses import dataclass
from typing import Protocol

import torch

from pipeline.splatting.fit.adam import Adam
from pipeline.splatting.raster.base import Cloud


@dataclass(frozen=True)
class Step:
    """The step just taken: its number, the shares of the fit done `before` and after it, the means' learning rate.

    `planned`: estimated steps of the whole fit. `slopes` [N], for a strategy that needs them: length of dL/d(2D mean),
    in half pictures (3DGS's NDC); 0 where a Gaussian was not visible.
    """

    iteration: int
    before: float
    done: float
    mean_rate: float
    planned: float
    slopes: torch.Tensor | None = None

    def crossed(self, period: float) -> bool:
        """Whether a multiple of `period`, a share of the fit, lies between the previous step and this one."""
        return crossed(self.before, self.done, period)


def crossed(before: float, done: float, period: float) -> bool:
    """Whether a multiple of `period` lies in (before, done], two shares of the fit."""
    return int(done / period) > int(before / period)


class Strategy(Protocol):
    """Adds, moves and removes Gaussians. It is stateless: its memory is part of the fit's snapshot."""

    @property
    def needs_slopes(self) -> bool:
        """Whether it reads `Step.slopes`, which take a little time."""

    def begin(self, cloud: Cloud) -> Cloud:
        """Return the initial memory of a fit that begins with `cloud`: tensors by name, on the cloud's device."""

    def after_step(self, cloud: Cloud, adam: Adam, memory: Cloud, step: Step, generator: torch.Generator) -> None:
        """Change cloud, moments and memory in place, row for row; `generator` is on the CPU for every device."""
