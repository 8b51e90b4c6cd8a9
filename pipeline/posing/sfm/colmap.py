"""Camera poses from photos: pycolmap in a process of its own, with a hard time limit, its input and output checked."""

import os
import shutil
import signal
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pipeline.core.colmap.model import SparseModel
from pipeline.core.colmap.read import read_model
from pipeline.core.errors import BadInput, CatalogError, StoreFull
from pipeline.core.process import last_lines, run_program
from pipeline.posing.halves import halves
from pipeline.posing.sfm.crops import prepare
from pipeline.posing.sfm.photos import PhotoFile, UnusablePhoto, camera_groups
from pipeline.posing.sfm.recipes import ALL, RECIPES
from pipeline.posing.sfm.request import PoseAnswer, PoseParams, PoseRequest, Recipe
from pipeline.posing.sfm.strays import strays

_ROOM_BYTES = 2**20  # with less free space, neither a database nor a log can be written
WORKER = (sys.executable, "-m", "pipeline.posing.sfm.colmap_worker")


class SfmFailed(CatalogError):
    """The SfM process crashed or exceeded its time limit; a retry may succeed."""


@dataclass(frozen=True)
class PoseResult:
    """The result of SfM, in SfM's own frame and scale. `model` is None when no photos could be registered.

    `strays`: photo -> its deviation from its ring in degrees; these photos have been removed from `model`.
    `silhouettes`: photo -> [h, w] bool, long side 320 px; None when no masks were given.
    """

    model: SparseModel | None
    silhouettes: dict[str, NDArray[np.bool_]] | None
    unusable: tuple[UnusablePhoto, ...]
    answer: PoseAnswer
    strays: dict[str, float]


NO_ANSWER = PoseAnswer(sparse=None, attempts=(), seconds=0.0, peak_memory_mb=0.0)


def pose(
    photos: Sequence[PhotoFile],
    masks: Mapping[str, Path] | None,
    focal_px: Mapping[str, float | None],
    params: PoseParams,
    scratch: Path,
    *,
    pairs: Sequence[tuple[str, str]] | None = None,
    recipes: Sequence[Recipe] = ALL,
    worker: Sequence[str] = WORKER,
) -> PoseResult:
    """Estimate the camera poses of `photos`, which must be in one folder.

    `masks`: photo -> RGBA cut-out or grey mask of the photo's size; None: no masks. `focal_px`: photo -> EXIF focal
    length in px. `pairs`: photos (stems) to be matched, and no others. `recipes`: the attempts that may be made. Photos
    whose mask is empty are left out and listed in `unusable`. Raises BadInput when a mask does not match its photo,
    SfmFailed when the process crashes or exceeds `params.timeout_seconds`, StoreFull when its disk is full.
    """
    _require_one_folder(photos)
    scratch.mkdir(parents=True, exist_ok=True)
    sides_px = sorted({recipe.features.side_px(params) for recipe in RECIPES if recipe.name in recipes})
    prepared = prepare(photos, masks, params, sides_px, scratch / "crops", threads := len(os.sched_getaffinity(0)))
    unusable = tuple(UnusablePhoto(name=photo.name, reason="its cut-out is empty") for photo in prepared.empty)
    usable = [photo for photo in photos if photo not in prepared.empty]
    if len(usable) < 3:
        return PoseResult(None, prepared.silhouettes, unusable, NO_ANSWER, {})
    (out := scratch / "sfm").mkdir()
    request = PoseRequest(
        photos=str(usable[0].path.parent.absolute()),
        crops=str((scratch / "crops").absolute()),
        sides=prepared.crops,
        out=str(out.absolute()),
        silhouettes=None if masks is None else _stored(prepared.silhouettes or {}, out / "silhouettes.npz"),
        groups=camera_groups(usable, focal_px),
        pairs=None if pairs is None else _named_pairs(usable, pairs),
        params=params,
        recipes=tuple(recipes),
        threads=threads,
    )
    return _answered(request, prepared.silhouettes, unusable, worker)


def _answered(
    request: PoseRequest,
    silhouettes: dict[str, NDArray[np.bool_]] | None,
    unusable: tuple[UnusablePhoto, ...],
    worker: Sequence[str],
) -> PoseResult:
    """Run the worker, and take the photos out of its model that deviate from their ring."""
    answer = run_worker(request, Path(request.out) / "request.json", worker)
    model, strayed = _without_strays(answer, request.params)
    return PoseResult(model, silhouettes, unusable, answer, strayed)


def _without_strays(answer: PoseAnswer, params: PoseParams) -> tuple[SparseModel | None, dict[str, float]]:
    """The model without the photos that deviate from their ring, and by how many degrees each of them does."""
    if answer.sparse is None:
        return None, {}
    model = read_model(Path(answer.sparse))
    strayed = {photo: off for part in halves(model, answer.joined) for photo, off in strays(part, params.rig).items()}
    return model.without(strayed), strayed


def _require_one_folder(photos: Sequence[PhotoFile]) -> None:
    folders = {photo.path.parent for photo in photos}
    if len(folders) > 1:
        raise BadInput(f"the photos are in {len(folders)} folders", remedy="Put them into one folder")


def run_worker(request: PoseRequest, path: Path, worker: Sequence[str] = WORKER) -> PoseAnswer:
    """Run the SfM process on a request and return its answer; it and its children are killed at the time limit.

    Raises SfmFailed when it crashes or exceeds the limit, StoreFull when its disk is full.
    """
    path.write_text(request.model_dump_json())
    log, limit = path.with_name("log.txt"), request.params.timeout_seconds
    try:
        code = run_program([*worker, str(path)], log, limit, env=_environment())
    except TimeoutError:
        raise SfmFailed(
            f"SfM of {sum(len(group.names) for group in request.groups)} photos took longer than {limit:g} s",
            remedy="Raise sfm.timeout_seconds, or lower sfm.max_features or sfm.max_side_px",
        ) from None
    result = path.with_name("result.json")
    if code != 0 or not result.exists():
        raise _failure(code, log)
    return PoseAnswer.model_validate_json(result.read_bytes())


def _failure(code: int, log: Path) -> CatalogError:
    """The error for an SfM process that left no answer: its disk is full, or the last lines of its log."""
    if shutil.disk_usage(log.parent).free < _ROOM_BYTES:
        return StoreFull(f"no room left on the disk of {log.parent}", remedy="Free disk space, then run again")
    remedy = "Run it again; if it fails again, read its log"
    if code == -signal.SIGKILL:
        remedy = "The process was killed, usually for its memory: give it more memory, or lower sfm.max_side_px"
    last = last_lines(log) or "its log is empty"
    return SfmFailed(f"the SfM process ended with code {code}: {last}", remedy=remedy)


def _stored(silhouettes: Mapping[str, NDArray[np.bool_]], path: Path) -> str:
    """Write silhouettes (photo -> [h, w]) for the SfM process; returns the file."""
    stored: dict[str, Any] = {f"{photo}.mask": inside for photo, inside in silhouettes.items()}
    np.savez(path, **stored)
    return str(path.absolute())


def _named_pairs(photos: Sequence[PhotoFile], pairs: Sequence[tuple[str, str]]) -> tuple[tuple[str, str], ...]:
    """The pairs of photos (stems) as pairs of file names in order; those with another photo are left out."""
    names = {photo.photo: photo.name for photo in photos}
    known = {tuple(sorted((names[a], names[b]))) for a, b in pairs if a in names and b in names}
    return tuple((a, b) for a, b in sorted(known))


def _environment() -> dict[str, str]:
    """The child's environment: this package is first on its PYTHONPATH, wherever the parent was started.

    Its threads match pairs side by side, so that BLAS needs none of its own.
    """
    root = str(Path(__file__).resolve().parents[3])
    rest = os.environ.get("PYTHONPATH")
    path = root if not rest else f"{root}{os.pathsep}{rest}"
    return {**os.environ, "PYTHONPATH": path, "OPENBLAS_NUM_THREADS": "1"}
