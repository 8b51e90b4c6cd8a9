"""Runs pycolmap in a separate process: `python -m pipeline.posing.sfm.colmap_worker REQUEST.json`.

The process is separate because pycolmap aborts on some inputs, cannot be interrupted, and corrupts the heap when
Pillow is loaded beside it. Nothing in this module may import Pillow.
"""

import sys
import time
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

import pycolmap

from pipeline.core.process import peak_memory_mb
from pipeline.posing.sfm.features import FeatureSet
from pipeline.posing.sfm.ladder import State, Ties, apart
from pipeline.posing.sfm.mapping import map_photos
from pipeline.posing.sfm.recipes import RECIPES, Features
from pipeline.posing.sfm.request import Attempt, PoseAnswer, PoseRequest
from pipeline.posing.sfm.turned import join_models


def main(request_path: Path) -> None:
    """Try the recipes in turn until enough photos are registered, and write `result.json` into `request.out`."""
    request = PoseRequest.model_validate_json(request_path.read_bytes())
    pycolmap.logging.minloglevel = 2  # errors only: there are thousands of INFO lines
    pycolmap.set_random_seed(request.params.seed)
    started = time.perf_counter()
    attempts = list(tries(request, started))
    best = max(attempts, key=lambda tried: tried.attempt.rank)
    answer = PoseAnswer(
        sparse=str(best.folder) if best.attempt.registered else None,
        apart=tuple(map(stems, apart(best.attempt, best.ties))),
        joined=tuple(map(stems, best.attempt.joined)),
        attempts=tuple(tried.attempt for tried in attempts),
        seconds=time.perf_counter() - started,
        peak_memory_mb=peak_memory_mb(),
    )
    (Path(request.out) / "result.json").write_text(answer.model_dump_json(indent=1))


class Tried(NamedTuple):
    """An attempt, the folder of its model (the first one of several), and the ties between photos."""

    attempt: Attempt
    folder: Path | None
    ties: Ties


def tries(request: PoseRequest, started: float) -> Iterator[Tried]:
    """Yield attempts; see `State.calls_for` for when they end. None is begun when half of the time limit has passed.

    An attempt that leaves several models is followed by one that joins them, where that is certain.
    """
    state = State(request)
    sets: dict[Features, FeatureSet] = {}
    for recipe in RECIPES:
        if not state.calls_for(recipe):
            continue
        attempt_started = time.perf_counter()
        if sets and attempt_started - started > request.params.timeout_seconds / 2:
            return
        if recipe.features not in sets:
            sets[recipe.features] = FeatureSet(request, recipe.features, Path(request.out) / f"{recipe.name}.db")
        found = sets[recipe.features]
        found.match(recipe.every_pair)
        mapped = map_photos(request, recipe, found, attempt_started)
        for done in (mapped, join_models(request, mapped, found)):
            if done is not None:
                ties = found.ties()
                state.add(done.attempt, ties, found.counts)
                yield Tried(done.attempt, next(iter(done.folders), None), ties)


def stems(names: Iterable[str]) -> tuple[str, ...]:
    """The photos of image names."""
    return tuple(name.rsplit(".", 1)[0] for name in names)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
