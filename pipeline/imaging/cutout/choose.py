"""Cuts out a whole shoot with the engine that succeeds on it, judged by its mattes and by how far they agree."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from statistics import mean
from typing import Protocol

import numpy as np

from pipeline.core.domain import Frozen
from pipeline.imaging.cutout import auto
from pipeline.imaging.cutout.seeds import UNKNOWN, Seeds, ShootSeeds
from pipeline.imaging.cutout.verdict.agreement import Matted, disagreements, shaped, silhouettes_of

NOTHING: Seeds = np.full((8, 8), UNKNOWN, np.uint8)
PROBES = 3
GOOD = 0.8  # mean belief in the mattes of the probes at which no further engine is tried
REPLACING = 0.7  # belief in another engine's matte at which it replaces a failed one
AGAIN = 0.02  # misfit above which a photo is cut again with seeds that the other mattes correct
ODD_AT_MOST = 0.5  # of the mattes: with more, the rest cannot correct their seeds

Sources = Mapping[str, Callable[[], ShootSeeds]]  # of seeds, by the value of `seeds` in the params of `seeded`


class CutPhoto(Protocol):
    """Cuts out a photo with an engine's params, and with seeds if the engine takes the shoot's."""

    def __call__(self, photo: str, params: Frozen, seeds: Seeds | None, /) -> Matted: ...  # noqa: D102


@dataclass(frozen=True)
class Way:
    """An engine's params, and the seeds that it needs from the shoot: by photo, None if it needs none.

    `corrected`: the seeds were corrected by the mattes of the other photos.
    """

    params: Frozen
    seeds: Mapping[str, Seeds] | None = None
    corrected: bool = False

    @property
    def name(self) -> str:
        """`backdrop`, `seeded by structure`, `seeded by structure and the other mattes`."""
        source = source_of(self.params)
        by = f" by {source}" + (" and the other mattes" if self.corrected else "") if source else ""
        return str(self.params.engine) + by  # type: ignore[attr-defined]  # every Params has it

    def seeds_of(self, photo: str) -> Seeds | None:
        """The seeds of a photo; `NOTHING` if the shoot tells nothing about it, None if the engine needs none."""
        return None if self.seeds is None else self.seeds.get(photo, NOTHING)


@dataclass(frozen=True)
class CutShoot:
    """A shoot that was cut out. `way`: for most photos. `redone`: the photos that another way cut out.

    `mattes`: those of `way`, or of `redone`. `faults`: photos without a matte to be believed, and why. `why`: how the
    way was chosen. `hopeless`: no way succeeded on any probe, and only these are in `mattes`.
    """

    way: Way
    redone: Mapping[str, Way]
    mattes: Mapping[str, Matted]
    faults: Mapping[str, str]
    why: str
    hopeless: bool

    def way_of(self, photo: str) -> Way:
        """The way that cut this photo out."""
        return self.redone.get(photo, self.way)


def source_of(params: Frozen) -> str | None:
    """`still` or `structure`: what an engine needs to know from the whole shoot; None if it cuts each photo alone."""
    source = getattr(params, "seeds", None)
    return None if source in {None, "box"} else str(source)


def probes_of(photos: Sequence[str]) -> list[str]:
    """Three photos, spread over the shoot."""
    count = min(PROBES, len(photos))
    return [photos[(2 * index + 1) * len(photos) // (2 * count)] for index in range(count)]


@dataclass
class _Trials:
    """Runs every engine at most once per photo, and every source of seeds once."""

    cut: CutPhoto
    sources: Sources
    ratio: float
    known: Mapping[str, Matted]
    found: dict[str, ShootSeeds] = field(default_factory=dict)
    mattes: dict[tuple[str, str], Matted] = field(default_factory=dict)

    def way(self, params: Frozen) -> tuple[Way, str]:
        """The way of these params, and what its seeds rest on or why there are none."""
        source = source_of(params)
        if source is None:
            return Way(params), ""
        if source not in self.found:
            self.found[source] = self.sources[source]()
        return Way(params, self.found[source].seeds), self.found[source].why

    def matte(self, photo: str, way: Way) -> Matted:
        key = photo, way.name
        if key not in self.mattes:
            seeds = way.seeds_of(photo)
            matte = self.cut(photo, way.params, seeds)
            self.mattes[key] = matte if seeds is not NOTHING else replace(matte, belief=0.0, fault=self._why_not(way))
        return self.mattes[key]

    def _why_not(self, way: Way) -> str:
        source = str(source_of(way.params))
        return f"no seeds by {source}" + ("" if way.seeds else f": {self.found[source].why}")

    def judged(self, photos: Sequence[str], way: Way) -> dict[str, Matted]:
        """The mattes of some photos; one that differs from the others of the shoot has a fault."""
        return self.agreed({photo: self.matte(photo, way) for photo in photos}, way)

    def agreed(self, mattes: Mapping[str, Matted], way: Way) -> dict[str, Matted]:
        """The mattes, most of them cut by `way`, judged by each other."""
        odd = disagreements({**self.known, **mattes}, self.ratio)
        alike = {name: replace(m, belief=0.0, fault=odd[name]) if name in odd else m for name, m in mattes.items()}
        seeds = self.found.get(str(source_of(way.params)))
        return alike if seeds is None or seeds.fits is None else shaped(alike, seeds.fits)


def cut_shoot(
    photos: Sequence[str],
    params: Frozen,
    sources: Sources,
    cut: CutPhoto,
    *,
    ratio: float,
    known: Mapping[str, Matted],
) -> CutShoot:
    """Cut out every photo with the engine of `params`, or with the best one if that is `auto`.

    `ratio`: a matte so many times larger or smaller than the median has failed. `known`: mattes made by hand, which the
    others must agree with. Raises what `cut` and the sources raise.
    """
    trials = _Trials(cut, sources, ratio, known)
    options = list(auto.candidates(params)) if isinstance(params, auto.Params) else [params]
    way, why, hopeless = _chosen(trials, probes_of(photos), options)
    if hopeless:
        mattes = trials.judged(probes_of(photos), way)
        return CutShoot(way, {}, mattes, _faults(mattes), why, hopeless)
    mattes, redone = _corrected(trials, trials.judged(photos, way), way)
    others = [option for option in options if option != way.params]
    if replaced := _redone(trials, mattes, way, others):
        again = {photo: trials.matte(photo, other) for photo, other in replaced.items()}
        mattes = trials.agreed({**mattes, **again}, way)
    return CutShoot(way, redone | replaced, mattes, _faults(mattes), why, hopeless)


def _faults(mattes: Mapping[str, Matted]) -> dict[str, str]:
    return {name: matte.fault for name, matte in mattes.items() if matte.fault is not None}


def _chosen(trials: _Trials, probes: Sequence[str], options: Sequence[Frozen]) -> tuple[Way, str, bool]:
    """The best way, why it is, and whether none succeeds on any probe."""
    scores: list[tuple[float, int, Way]] = []
    words = []
    for option in options:
        way, why = trials.way(option)
        if way.seeds is not None and not way.seeds:
            words.append(f"{way.name}: {why}")
            scores.append((-1.0, 0, way))
            continue
        mattes = trials.judged(probes, way)
        believed, belief = sum(m.fault is None for m in mattes.values()), mean(m.belief for m in mattes.values())
        reason = min(mattes.values(), key=lambda m: m.belief).fault
        words.append(f"{way.name}: {believed} of {len(probes)} believed" + (f" ({reason})" if reason else ""))
        scores.append((belief, believed, way))
        if believed == len(probes) and belief >= GOOD:
            break
    _, believed, best = max(scores, key=lambda score: (score[1], score[0]))
    return best, "; ".join(words), believed == 0


def _corrected(trials: _Trials, mattes: dict[str, Matted], way: Way) -> tuple[dict[str, Matted], dict[str, Way]]:
    """The mattes, and the way of those that were cut once more because they contradict the rest, where that helped."""
    source = trials.found.get(str(source_of(way.params)))
    odd = [name for name, matte in mattes.items() if matte.misfit > AGAIN or matte.fault is not None]
    if source is None or source.correct is None or not odd or len(odd) > ODD_AT_MOST * len(mattes):
        return mattes, {}
    second = Way(way.params, source.correct(silhouettes_of(mattes), odd), corrected=True)
    cut = {name: trials.matte(name, second) for name in odd if name in (second.seeds or {})}
    first = {name: trials.matte(name, way) for name in mattes}
    after = trials.agreed(first | cut, way)
    better = {name: second for name in cut if _fits_better(after[name], mattes[name])}
    if len(better) < len(cut):
        after = trials.agreed(first | {name: cut[name] for name in better}, way)
    return after, better


def _fits_better(second: Matted, first: Matted) -> bool:
    return second.fault is None and (first.fault is not None or second.misfit < first.misfit)


def _redone(trials: _Trials, mattes: Mapping[str, Matted], chosen: Way, options: Sequence[Frozen]) -> dict[str, Way]:
    """The failed photos that another way cuts out believably. A way that fails on three of them is not tried on."""
    redone: dict[str, Way] = {}
    for option in options:
        failed = [photo for photo in _faults(mattes) if photo not in redone]
        if not failed:
            break
        way, _ = trials.way(option)
        for count, photo in enumerate(failed):
            if count >= PROBES and not any(done in failed for done in redone):
                break
            sound = {name: matte for name, matte in mattes.items() if matte.fault is None}
            matte = trials.agreed({**sound, photo: trials.matte(photo, way)}, chosen)[photo]
            if matte.fault is None and matte.belief >= REPLACING:
                redone[photo] = way
    return redone
