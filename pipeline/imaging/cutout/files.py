"""Cuts out any image files, without a shoot: `catalog cutout`."""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from pipeline.core.domain import Frozen
from pipeline.core.engines import name_of
from pipeline.core.errors import BadInput
from pipeline.core.photo.decode import read_photo
from pipeline.core.photo.limits import raw_twins
from pipeline.core.png import encode_png
from pipeline.core.process import peak_memory_mb
from pipeline.core.records import LeftOut
from pipeline.core.shoot_files import photos_in, photos_remedy
from pipeline.imaging.cutout.base import with_matte
from pipeline.imaging.cutout.choose import Sources, Way, cut_shoot
from pipeline.imaging.cutout.registry import ENGINES, cut_photo
from pipeline.imaging.cutout.seeds import Seeds
from pipeline.imaging.cutout.verdict.agreement import Matted, colours_of, silhouette_of

COVERAGE_RATIO = 4.0  # as the stage's default
MakeSources = Callable[[Mapping[str, Path]], Sources]


class CutFile(Frozen):
    """One image that was cut out. `coverage`: product's share of it, 0 to 1. `fault`: why its matte is implausible.

    `engine`: that cut it out. `belief`: how far the matte can be believed, 0 to 1. `dropped`: pieces that are not the
    product.
    """

    source: str
    written: str
    width_px: int
    height_px: int
    engine: str
    coverage: float
    fault: str | None
    belief: float
    dropped: tuple[str, ...]
    notes: tuple[str, ...]
    seconds: float


class CutReport(Frozen):
    """The result of `cut_files`. `engine`: that cut most files out; `why`: how it was chosen.

    `untried`: files that were not cut out, because no engine succeeded on any of three others. `left_out`: camera raw
    files that have a developed photo beside them, and all else in a folder that is not a photo.
    """

    engine: str
    why: str
    licence: str
    files: tuple[CutFile, ...]
    untried: tuple[str, ...]
    left_out: tuple[LeftOut, ...]
    seconds: float
    peak_memory_mb: float


def cut_files(
    paths: Sequence[Path],
    out_dir: Path,
    params: Frozen,
    on_progress: Callable[[int, int, str], None],
    sources: MakeSources | None = None,
) -> CutReport:
    """Write `<stem>.png`, RGBA, into `out_dir` for every image, with the engine that `params` belong to.

    A folder in `paths` stands for the photos in it. `sources`: what makes seeds of all images; without it, an engine
    that needs them finds nothing. Calls `on_progress(done, total, name)` after each image. Raises BadInput if an image
    cannot be read, two images would get the same name, or a file to be written exists; MissingEngine.
    """
    began = time.perf_counter()
    files, left_out = _files(paths)
    targets = _targets(files, out_dir)
    ENGINES.of(params).require_here(params)
    out_dir.mkdir(parents=True, exist_ok=True)
    bench = _Bench({target.stem: (path, target) for path, target in targets.items()}, on_progress)
    made = sources({target.stem: path for path, target in targets.items()}) if sources else {}
    shoot = cut_shoot(list(bench.files), params, made, bench.cut, ratio=COVERAGE_RATIO, known={})
    done = []
    for name, matte in shoot.mattes.items():
        done.append(bench.written(name, shoot.way_of(name), matte))
    engine = ENGINES.of(shoot.way.params)
    return CutReport(
        engine=shoot.way.name,
        why=shoot.why,
        licence=engine.licence(shoot.way.params),
        files=tuple(done),
        untried=tuple(path.name for name, (path, _) in bench.files.items() if name not in shoot.mattes),
        left_out=tuple(left_out),
        seconds=round(time.perf_counter() - began, 3),
        peak_memory_mb=round(peak_memory_mb(), 1),
    )


@dataclass
class _Bench:
    """Cuts out files and writes them; a later engine's cut-out of a file replaces the earlier one's."""

    files: Mapping[str, tuple[Path, Path]]
    on_progress: Callable[[int, int, str], None]
    last: dict[str, tuple[Frozen, Seeds | None, CutFile]] = field(default_factory=dict)

    def cut(self, name: str, params: Frozen, seeds: Seeds | None) -> Matted:
        """Cut a file out and write it. Raises BadInput that names it if it cannot be read."""
        began = time.perf_counter()
        path, target = self.files[name]
        try:
            photo = read_photo(path)
        except BadInput as error:
            raise type(error)(f"{path}: {error.what}", remedy=error.remedy) from None
        cut = cut_photo(photo.rgb, params, seeds)
        target.write_bytes(encode_png(with_matte(photo.rgb, cut.alpha)))
        height, width = cut.alpha.shape
        file = CutFile(
            source=str(path),
            written=str(target),
            width_px=width,
            height_px=height,
            engine=name_of(ENGINES.of(params)),
            coverage=round(float((cut.alpha >= 128).mean()), 4),
            fault=cut.verdict.fault,
            belief=cut.verdict.belief,
            dropped=tuple(str(piece) for piece in cut.dropped),
            notes=photo.notes,
            seconds=round(time.perf_counter() - began, 3),
        )
        self.last[name] = params, seeds, file
        self.on_progress(len(self.last), len(self.files), path.name)
        colours, silhouette = colours_of(photo.rgb, cut.alpha), silhouette_of(cut.alpha)
        return Matted(file.coverage, colours, file.belief, file.fault, silhouette)

    def written(self, name: str, way: Way, matte: Matted) -> CutFile:
        """The file as this way cut it out, with the verdict that the whole shoot gave."""
        params, seeds, _ = self.last[name]
        if params != way.params or seeds is not way.seeds_of(name):
            self.cut(name, way.params, way.seeds_of(name))
        file = self.last[name][2]
        return file.model_copy(update={"engine": way.name, "fault": matte.fault, "belief": matte.belief})


def _files(paths: Sequence[Path]) -> tuple[list[Path], list[LeftOut]]:
    """The image files, in place of a folder the photos in it, and what is left out.

    Raises BadInput for a folder without photos, and for a link or a folder in place of a photo.
    """
    files: list[Path] = []
    left_out: list[LeftOut] = []
    for path in paths:
        if not path.is_dir():
            files.append(path)
            continue
        inside, others = photos_in(path, f"{path}/")
        if not inside:
            raise BadInput(f"{path} has no photos", remedy=photos_remedy(path))
        files, left_out = files + inside, left_out + others
    twins = raw_twins(map(str, files))
    left_out += [LeftOut(file=raw, reason=f"{Path(photo).name} is used instead") for raw, photo in twins.items()]
    return [path for path in files if str(path) not in twins], left_out


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
