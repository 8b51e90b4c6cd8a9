"""3DGS's own density control (Kerbl et al. 2023, section 5): clone the small, split the large, prune, reset opacity.

Where the mean gradient of a Gaussian's position exceeds `slope`, one Gaussian is too few: a small one is cloned, a
large one split in two. Periods are shares of the fit, not the paper's iterations (100 and 3000 of 30 000), which a
short fit would hardly reach. A budget caps the growth, steepest gradients first.
"""

import math
from dataclasses import dataclass

import torch

from pipeline.splatting.fit.adam import Adam
from pipeline.splatting.fit.strategy.base import Step
from pipeline.splatting.raster.base import VALUES, Cloud
from pipeline.splatting.raster.reference import rotations

DEAD = 0.005  # opacity below which a Gaussian is pruned
_SMALL, _HUGE = 0.01, 0.1  # largest standard deviation, in camera extents: below, cloned; above, pruned after a reset
_SHRINK = 1.6  # factor by which a half is narrower than the whole
_FROM, _UNTIL = 0.05, 0.6  # shares of the fit between which Gaussians are added and removed
_REFINE_EVERY, _RESET_EVERY = 0.025, 0.25
_RESET_TO, _RECOVERED = 0.01, 0.9  # opacities: of the deepest reset, and from which a Gaussian counts as recovered


@dataclass(frozen=True)
class Densify:
    """3DGS's strategy.

    `budget` of Gaussians; `extent` of the scene (world units); `slope` above which Gaussians are added; `opacity_rate`,
    the learning rate of the logits, which determines how soon a Gaussian recovers from a reset.
    """

    budget: int
    extent: float
    slope: float = 2e-4
    opacity_rate: float = 5e-2

    @property
    def needs_slopes(self) -> bool:
        """True: growth depends on them."""
        return True

    def begin(self, cloud: Cloud) -> Cloud:
        """Return zeroed sums of slopes [N], and counts of pictures that showed each Gaussian [N]."""
        return {name: torch.zeros_like(cloud["logits"]) for name in ("slopes", "visits")}

    def after_step(self, cloud: Cloud, adam: Adam, memory: Cloud, step: Step, generator: torch.Generator) -> None:
        """Sum slopes; grow and prune at the end of each period; reset opacities at the end of each longer one."""
        if step.done >= _UNTIL or step.slopes is None:
            return
        memory["slopes"] += step.slopes
        memory["visits"] += step.slopes > 0
        if step.done >= _FROM and step.crossed(_REFINE_EVERY):
            self.refine(cloud, adam, memory, generator, prune_huge=step.done > _RESET_EVERY)
            memory.update(self.begin(cloud))
        if step.crossed(_RESET_EVERY):
            reset(cloud, adam, self.depth(step.planned))

    def depth(self, planned: float) -> float:
        """Return the logit that a fit of `planned` steps resets to: it recovers from it in a third of a period.

        3DGS resets to 0.01 and has 3000 steps to recover. From there, 125 steps do not even reach one half, and a fit
        of 500 steps ended 2 dB worse.
        """
        climb = self.opacity_rate * _RESET_EVERY * planned / 3
        return max(_logit(_RESET_TO), _logit(_RECOVERED) - climb)

    def refine(
        self, cloud: Cloud, adam: Adam, memory: Cloud, generator: torch.Generator, *, prune_huge: bool = False
    ) -> None:
        """Prune transparent (and huge) Gaussians, then clone and split as far as the budget allows."""
        size = torch.exp(cloud["log_scales"]).amax(dim=1)
        dead = torch.sigmoid(cloud["logits"]) < DEAD
        if prune_huge:
            dead |= size > _HUGE * self.extent
        if dead.all():
            return
        slope = torch.where(dead, 0.0, memory["slopes"] / memory["visits"].clamp_min(1))
        pulled = torch.argsort(slope, descending=True, stable=True)[: int((slope > self.slope).sum())]
        kept = torch.nonzero(~dead)[:, 0]
        pulled = pulled[: max(0, self.budget - len(kept))]
        index = torch.cat([kept, pulled])
        split = torch.zeros_like(dead)
        split[pulled] = size[pulled] > _SMALL * self.extent
        fresh = split[index]
        fresh[len(kept) :] = True
        for name in VALUES:
            cloud[name] = cloud[name][index].contiguous()
            adam.reindex(name, index, fresh)
        place = torch.full_like(dead, -1, dtype=torch.int64)
        place[kept] = torch.arange(len(kept), device=kept.device)
        halves = torch.nonzero(split[pulled])[:, 0]
        _part(cloud, place[pulled[halves]], len(kept) + halves, generator)


def _logit(opacity: float) -> float:
    return math.log(opacity / (1 - opacity))


def _part(cloud: Cloud, first: torch.Tensor, second: torch.Tensor, generator: torch.Generator) -> None:
    """Move equal Gaussians in rows `first` and `second` apart, one standard deviation on average, and narrow them.

    3DGS samples both positions; here one sample, mirrored, serves both, and the pair keeps its centre.
    """
    axes = rotations(cloud["quats"][first]) * torch.exp(cloud["log_scales"][first])[:, None, :]
    drawn = torch.randn(len(first), 3, 1, generator=generator).to(axes.device)
    away = (axes @ drawn)[:, :, 0]
    cloud["means"][first] += away
    cloud["means"][second] -= away
    for rows in (first, second):
        cloud["log_scales"][rows] -= math.log(_SHRINK)


def reset(cloud: Cloud, adam: Adam, highest: float) -> None:
    """Clamp all logits to `highest`: Gaussians that the photos do not raise again are pruned."""
    cloud["logits"].clamp_(max=highest)
    rows = torch.arange(len(cloud["logits"]), device=cloud["logits"].device)
    adam.reindex("logits", rows, torch.ones_like(rows, dtype=torch.bool))
