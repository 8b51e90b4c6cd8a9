"""What steps took: the recorded shoots that a simulated night is made of, and what draws make of each of them."""

from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import yaml
from numpy.typing import NDArray
from sqlalchemy import select

from benchmarks.night_figures import Night
from pipeline.catalog.database import Catalog
from pipeline.catalog.run_tables import RunStepRow
from pipeline.core.domain import Frozen
from pipeline.core.errors import BadInput
from pipeline.plan import STEPS

FILE = Path(__file__).with_name("night_steps.yaml")
TRIES = 8  # tries for which numbers are drawn; more than any setting of retries in use


class Recorded(Frozen):
    """A shoot that ran whole. `images`: that it published; `images_held`: had its sfm been held.

    `items`: of each step that works item by item, how many; a step that is stopped keeps those it has finished.
    """

    name: str
    images: int
    images_held: int
    seconds: dict[str, float]
    items: dict[str, int] = {}


class Record(Frozen):
    """Recorded shoots, and where they come from. `held`: the share of shoots whose sfm was held, if that is known."""

    source: str
    shoots: tuple[Recorded, ...]
    held: float | None = None


def read_file(name: str) -> Record:
    """The shoots recorded in night_steps.yaml under this name. Raises BadInput for an unknown one."""
    written = yaml.safe_load(FILE.read_text())
    if name not in written:
        raise BadInput(f"{FILE.name} has no record {name!r}", remedy=f"Use {', '.join(written)}")
    entry = written[name]
    shoots = tuple(Recorded(name=shoot, **values) for shoot, values in entry["shoots"].items())
    return _whole(Record(source=entry["source"], shoots=shoots))


def read_catalog(url: str) -> Record:
    """The shoots of a catalog database, of every run in which all their steps were computed from the start.

    These are the seconds that `catalog backfill` takes its estimates from. Raises BadInput if there is no such shoot.
    """
    with Catalog(url).read() as session:
        rows = list(session.scalars(select(RunStepRow)))
        session.expunge_all()  # they are read after the session has ended
    by_shoot: defaultdict[tuple[str, str], dict[str, RunStepRow]] = defaultdict(dict)
    for row in rows:
        by_shoot[row.run_id, row.sku][row.step] = row
    shoots = []
    for (run_id, sku), steps in sorted(by_shoot.items()):
        if set(steps) == set(STEPS) and all(row.state == "done" and row.reused == 0 for row in steps.values()):
            images = steps["publish"].published
            shoots.append(
                Recorded(
                    name=f"{sku} in {run_id}",
                    images=images,
                    images_held=images,
                    seconds={step: row.seconds for step, row in steps.items()},
                    items={step: row.computed for step, row in steps.items() if row.computed > 1},
                )
            )
    if not shoots:
        raise BadInput(
            "the catalog has no run in which all twelve steps of a shoot were computed",
            remedy="Run a new shoot whole, or leave --catalog out to use night_steps.yaml",
        )
    ended = [row for row in rows if row.step == "sfm" and row.state in {"done", "held"}]
    held = sum(row.state == "held" and not row.reason.startswith("held by") for row in ended) / len(ended)
    return Record(source=f"{len(shoots)} shoots of the catalog database", shoots=tuple(shoots), held=held)


def _whole(record: Record) -> Record:
    for shoot in record.shoots:
        if set(shoot.seconds) != set(STEPS):
            missing = sorted(set(STEPS) ^ set(shoot.seconds))
            raise BadInput(f"{FILE.name}: {shoot.name}: {', '.join(missing)}", remedy="Give the seconds of every step")
    return record


class Try(NamedTuple):
    """How one try of a step goes, if nothing else stops it before.

    `evicted_after`: seconds until its node evicts it; `sudden`: without SIGTERM. `fails_at`: share of what is left at
    which it fails or runs out of memory.
    """

    evicted_after: float
    sudden: bool
    fails: bool
    fails_at: float


class Draws:
    """What is different about each shoot, step and try. The same for a seed, whatever the cluster."""

    def __init__(self, night: Night, record: Record, shoots: int, stream: int) -> None:
        random = np.random.default_rng([night.seed, stream])
        steps = len(STEPS)
        self.recorded: Sequence[Recorded] = [record.shoots[i % len(record.shoots)] for i in range(shoots)]
        base = np.array([[shoot.seconds[step] for step in STEPS] for shoot in self.recorded]).reshape(shoots, steps)
        # one factor for the shoot (its photos) and one for each step; the mean of a lognormal is kept at 1
        sigma = night.spread / np.sqrt(2)
        factors = random.normal(0, sigma, (shoots, 1)) + random.normal(0, sigma, (shoots, steps))
        self.seconds: NDArray[np.float64] = base * np.exp(factors - night.spread**2 / 2)
        self.held = random.random(shoots) < night.held
        self.broken = random.random((shoots, steps)) < night.broken
        needs_more = random.random((shoots, steps)) < night.oom
        factor = np.exp(random.random((shoots, steps)) * np.log(night.oom_factor))
        self.memory_factor = np.where(needs_more, factor, 0.0)
        hours = random.exponential(1.0, (shoots, steps, TRIES)) / max(night.evictions, 1e-12)
        self._evicted_after = hours * 3600
        self._sudden = random.random((shoots, steps, TRIES)) < night.sudden
        self._fails = random.random((shoots, steps, TRIES)) < night.failing
        self._fails_at = random.random((shoots, steps, TRIES))

    def attempt(self, shoot: int, step: int, number: int) -> Try:
        """The try with this number, from 0."""
        at = (shoot, step, number % TRIES)
        return Try(
            float(self._evicted_after[at]), bool(self._sudden[at]), bool(self._fails[at]), float(self._fails_at[at])
        )
