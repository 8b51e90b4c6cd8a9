"""What steps will take, by what the latest runs of their stages took on this store."""

from collections.abc import Iterable
from functools import cache
from statistics import median
from typing import NamedTuple

from pipeline.contract.store import Store
from pipeline.core.domain import Frozen
from pipeline.plan import stage_of

LATEST = 20  # manifests of a stage whose median is what it will take


class Estimate(Frozen):
    """Seconds of work and USD. `unknown`: steps that have never run here, which are not in the sums."""

    seconds: float = 0.0
    usd: float = 0.0
    unknown: tuple[str, ...] = ()


class Typical(NamedTuple):
    """What one run of a step takes."""

    seconds: float
    usd: float


class Estimator:
    """Estimates steps; reads the store once for each."""

    def __init__(self, store: Store) -> None:
        """Read what steps took from `store`."""
        self.store = store
        self._typical = cache(self._read)

    def estimate(self, steps: Iterable[str]) -> Estimate:
        """The sum over these steps; a step counts as often as it is listed."""
        seconds = usd = 0.0
        unknown: dict[str, None] = {}
        for step in steps:
            typical = self._typical(step)
            if typical is None:
                unknown[step] = None
            else:
                seconds, usd = seconds + typical.seconds, usd + typical.usd
        return Estimate(seconds=round(seconds, 1), usd=round(usd, 4), unknown=tuple(unknown))

    def _read(self, step: str) -> Typical | None:
        """Medians over the latest runs that were not held; None without any. Publish keeps none, and counts as 0."""
        stage = stage_of(step)
        latest = self.store.latest(stage.name, LATEST) if stage.cached else []
        taken = [manifest.provenance for manifest in latest if not manifest.held]
        if taken:
            return Typical(median(each.seconds for each in taken), median(each.cost_usd for each in taken))
        return None if stage.cached else Typical(0.0, 0.0)
