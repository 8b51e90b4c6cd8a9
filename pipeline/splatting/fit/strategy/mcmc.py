"""3DGS as Markov chain Monte Carlo (Kheradmand et al. 2024): dead Gaussians move to living ones, noise explores."""

import math
from dataclasses import dataclass

import numpy as np
import torch

from pipeline.splatting.fit.adam import Adam
from pipeline.splatting.fit.strategy.base import Step
from pipeline.splatting.fit.strategy.noise import add_noise
from pipeline.splatting.raster.base import Cloud
from pipeline.splatting.raster.reference import rotations

DEAD = 0.005
_COPIES_MAX = 50
_REARRANGE_EVERY = 100
_UNTIL = 0.9  # share of the fit after which Gaussians move by their gradients only


@dataclass(frozen=True)
class Mcmc:
    """MCMC's strategy: the `budget` of Gaussians, their `growth` factor per rearrangement, the `noise` strength."""

    budget: int
    growth: float = 1.08
    noise: float = 1e5

    @property
    def needs_slopes(self) -> bool:
        """False: opacity alone decides which Gaussians are dead."""
        return False

    def begin(self, cloud: Cloud) -> Cloud:  # noqa: ARG002 - the Protocol's
        """Return an empty memory."""
        return {}

    def after_step(self, cloud: Cloud, adam: Adam, memory: Cloud, step: Step, generator: torch.Generator) -> None:  # noqa: ARG002 - the Protocol's
        """Explore at every step; rearrange every hundred steps."""
        if step.done >= _UNTIL:
            return
        self.explore(cloud, step.mean_rate, generator)
        if step.iteration % _REARRANGE_EVERY == _REARRANGE_EVERY - 1:
            self.rearrange(cloud, adam, generator)

    def rearrange(self, cloud: Cloud, adam: Adam, generator: torch.Generator) -> None:
        """Move dead Gaussians to living ones, then grow towards the budget."""
        opacity = torch.sigmoid(cloud["logits"])
        dead = torch.nonzero(opacity <= DEAD)[:, 0]
        alive = torch.nonzero(opacity > DEAD)[:, 0]
        count = len(opacity)
        grow = max(0, min(self.budget, math.ceil(count * self.growth)) - count)
        surplus = max(0, count - self.budget)
        index = torch.arange(count + grow, device=opacity.device)
        places = torch.cat([dead, index[count:]])
        if len(alive) == 0 or (len(places) == 0 and surplus == 0):
            return
        chosen = alive[:0]
        if len(places):
            drawn = torch.multinomial(opacity[alive].cpu(), len(places), replacement=True, generator=generator)
            chosen = alive[drawn.to(alive.device)]
        index[places] = chosen
        copies = torch.bincount(chosen, minlength=count).clamp_max(_COPIES_MAX - 1) + 1
        for name in cloud:
            cloud[name] = cloud[name][index].contiguous()
        self._share(cloud, opacity, copies, index, torch.unique(torch.cat([places, chosen])))
        fresh = torch.zeros_like(index, dtype=torch.bool)
        fresh[places] = True
        fresh[chosen] = True
        self._follow(cloud, adam, index, fresh, surplus)

    def _share(
        self, cloud: Cloud, opacity: torch.Tensor, copies: torch.Tensor, index: torch.Tensor, rows: torch.Tensor
    ) -> None:
        """Split opacity and shrink scales so that a Gaussian and its copies look like the original (paper, eq. 9)."""
        old, number = opacity[index[rows]].double(), copies[index[rows]]
        new = 1 - (1 - old) ** (1.0 / number)
        shrink = old / _overlap(new.cpu().numpy(), number.cpu().numpy()).to(old.device)
        new = new.clamp(DEAD * 1.02, 1 - 1e-6)
        cloud["logits"][rows] = torch.log(new / (1 - new)).float()
        cloud["log_scales"][rows] += torch.log(shrink)[:, None].float()

    @staticmethod
    def _follow(cloud: Cloud, adam: Adam, index: torch.Tensor, fresh: torch.Tensor, surplus: int) -> None:
        keep = torch.arange(len(index), device=index.device)
        if surplus:
            keep = torch.sort(torch.argsort(cloud["logits"], descending=True, stable=True)[: len(index) - surplus])[0]
        for name in cloud:
            cloud[name] = cloud[name][keep].contiguous()
            adam.reindex(name, index[keep], fresh[keep])

    def explore(self, cloud: Cloud, mean_rate: float, generator: torch.Generator) -> None:
        """Add noise to the means of almost transparent Gaussians, shaped by their covariance, so that they explore."""
        opacity = torch.sigmoid(cloud["logits"])
        weight = torch.sigmoid(100.0 * (DEAD - opacity)) * (self.noise * mean_rate)
        rows = torch.nonzero(opacity < 0.1)[:, 0]
        if not len(rows):
            return
        noise = torch.randn(len(rows), 3, generator=generator)
        if cloud["means"].device.type == "cpu":
            values = (cloud["means"], cloud["log_scales"], cloud["quats"], rows, weight[rows], noise)
            add_noise(*(value.numpy() for value in values))
            return
        axes = rotations(cloud["quats"][rows]) * torch.exp(cloud["log_scales"][rows])[:, None, :]
        moved = axes @ (axes.transpose(1, 2) @ noise.to(axes.device)[:, :, None])
        cloud["means"][rows] += weight[rows, None] * moved[:, :, 0]


def _overlap(
    opacity: np.ndarray[tuple[int], np.dtype[np.float64]], copies: np.ndarray[tuple[int], np.dtype[np.int64]]
) -> torch.Tensor:
    """Return sum_{i=1..N} sum_{k<i} C(i-1, k) (-1)^k o^(k+1) / sqrt(k+1) for N `copies`, vectorised over Gaussians."""
    k = np.arange(_COPIES_MAX)
    binomial = np.array([[math.comb(i, j) if j <= i else 0 for j in k] for i in k], dtype=np.float64)
    # sums over i of the binomials first: row N - 1 holds sum_{i<N} C(i, k)
    cumulated = np.cumsum(binomial, axis=0) * ((-1.0) ** k / np.sqrt(k + 1.0))
    powers = opacity[:, None] ** (k + 1)
    return torch.from_numpy((cumulated[copies - 1] * powers).sum(axis=1))
