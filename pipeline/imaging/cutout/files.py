"""Cuts out any image files, without a shoot: `catalog cutout`."""

import time
from collections.abc import Callable, Sequence
from pathlib import Path

from pipeline.core.domain import Frozen
from pipeline.core.engines import name_of
from pipeline.core.errors import BadInput
from pipeline.core.photo.decode import read_photo
from pipeline.core.png import encode_png
from pipeline.core.process import peak_memory_mb
from pipeline.imaging.cutout.base import CutoutEngine, cut_out, with_matte
from pipeline.imaging.cutout.registry import ENGINES


class CutFile(Frozen):
    """One image that was cut out. `coverage`: product's share of it, 0 to 1. `fault`: why its matte is implausible.

    `belief`: how far the matte can be believed, 0 to 1. `dropped`: pieces that are not the product.
    """

    source: str
    written: str
    width_px: int
    height_px: int
    coverage: float
    fault: str | None
    belief: float
    dropped: tuple[str, ...]
    notes: tuple[str, ...]
    seconds: float


class CutReport(Frozen):
    """The result of `cut_files`."""

    engine: str
    licence: str
    files: tuple[CutFile, ...]
    seconds: float
    peak_memory_mb: float


def cut_files(
    paths: Sequence[Path], out_dir: Path, params: Frozen, on_progress: Callable[[int, int, str], None]
) -> CutReport:
    """Write `<stem>.png`, RGBA, into `out_dir` for every image, with the engine that `params` belong to.

    Calls `on_progress(done, total, name)` after each image. Raises BadInput if an image cannot be read, two images
    would get the same name, or a file to be written exists; MissingEngine.
    """
    began = time.perf_counter()
    targets = _targets(paths, out_dir)
    engine = ENGINES.of(params)
    engine.require_here(params)
    out_dir.mkdir(parents=True, exist_ok=True)
    files = []
    for done, (path, target) in enumerate(targets.items(), start=1):
        files.append(_cut(path, target, engine, params))
        on_progress(done, len(targets), path.name)
    return CutReport(
        engine=name_of(engine),
        licence=engine.licence(params),
        files=tuple(files),
        seconds=round(time.perf_counter() - began, 3),
        peak_memory_mb=round(peak_memory_mb(), 1),
    )


def _cut(path: Path, target: Path, engine: CutoutEngine, params: Frozen) -> CutFile:
    began = time.perf_counter()
    try:
        photo = read_photo(path)
    except BadInput as error:
        raise BadInput(f"{path}: {error.what}", remedy=error.remedy) from None
    cut = cut_out(engine, photo.rgb, params)
    target.write_bytes(encode_png(with_matte(photo.rgb, cut.alpha)))
    height, width = cut.alpha.shape
    return CutFile(
        source=str(path),
        written=str(target),
        width_px=width,
        height_px=height,
        coverage=round(float((cut.alpha >= 128).mean()), 4),
        fault=cut.verdict.fault,
        belief=cut.verdict.belief,
        dropped=tuple(str(piece) for piece in cut.dropped),
        notes=photo.notes,
        seconds=round(time.perf_counter() - began, 3),
    )


def _targets(paths: Sequence[Path], out_dir: Path) -> dict[Path, Path]:
    if not paths:
        raise BadInput("no image was given", remedy="Name at least one image file")
    targets: dict[Path, Path] = {}
    taken: dict[str, Path] = {}
    for path in paths:
        if not path.is_file():
            raise BadInput(f"{path} is not a file", remedy="Name image files")
        other = taken.setdefault(path.stem.lower(), path)
        if other != path:
            raise BadInput(f"{path} and {other} would both be written as {path.stem}.png", remedy="Cut them separately")
        targets[path] = out_dir / f"{path.stem}.png"
        if targets[path].exists():
            raise BadInput(f"{targets[path]} exists", remedy="Name an empty folder with --out, or remove the file")
    return targets
