"""What a strategy is: a Protocol for what adds, moves and removes Gaussians between the optimiser's steps."""

from dataclasses import dataclass
from typing import Protocol

import torch

from pipeline.splatting.fit.adam import Adam
from pipeline.splatting.raster.base import Cloud


@dataclass(frozen=True)
class Step:
    """The step just made: its number, shares of the fit done `before` and now (`done`), the means' learning rate.

    `planned`: how many steps the whole fit will have, as far as is known. `slopes` [N], for a strategy that needs them:
    length of dL/d(2D mean), in half pictures (3DGS's NDC); 0 where not seen.
    """

    iteration: int
    before: float
    done: float
    mean_rate: float
    planned: float
    slopes: torch.Tensor | None = None

    def crossed(self, period: float) -> bool:
        """Whether a multiple of `period`, a share of the fit, lies between the last step and this one."""
        return crossed(self.before, self.done, period)


def crossed(before: float, done: float, period: float) -> bool:
    """Whether a multiple of `period` lies between two shares of the fit, the second included."""
    return int(done / period) > int(before / period)


class Strategy(Protocol):
    """Adds, moves and removes Gaussians. Its memory goes in and out with the snapshot; it keeps nothing itself."""

    @property
    def wants_slopes(self) -> bool:
        """Whether `Step.slopes` is needed, which costs a little."""

    def begin(self, cloud: Cloud) -> Cloud:
        """The memory of a fit that begins with `cloud`: tensors by name, on the cloud's device."""

    def after_step(self, cloud: Cloud, adam: Adam, memory: Cloud, step: Step, generator: torch.Generator) -> None:
        """Change all three in place, row for row. `generator` draws on the CPU, so that every device draws the same."""
