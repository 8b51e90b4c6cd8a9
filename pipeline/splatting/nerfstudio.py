"""nerfstudio's splatfacto (Tancik et al. 2023; docs.nerf.studio) as an engine: a trainer of its own, in a process.

Its `mask` blacks out photo and picture alike and leaves floaters behind the mask; photos with alpha over a background
of a random colour each step carve the product out instead, as our trainer does. nerfacto, nerfstudio's radiance field,
is not offered: it exports points or a mesh, no Gaussians, so that the render stage could not draw what it learned.
"""

import resource
import tempfile
import time
from pathlib import Path

import numpy as np

from pipeline.domain import camera_centre
from pipeline.errors import BadInput
from pipeline.splatting.evaluate import Score, mean, score
from pipeline.splatting.fit_params import FitParams, FitReport, Progress
from pipeline.splatting.hull import Points, starting_points
from pipeline.splatting.nerfstudio_files import Exported, read_export, write_workspace
from pipeline.splatting.nerfstudio_run import EXPORT, TRAIN, require_nerfstudio, run_program
from pipeline.splatting.photos import PosedPhoto, Training, prepare
from pipeline.splatting.ply import Splat
from pipeline.splatting.render import planes
from pipeline.splatting.result import Fit
from pipeline.splatting.start import held_out_names
from pipeline.splatting.trainer import Hooks

_EXPORT_SECONDS = 300.0
_SEEDS_MIN = 8


def fit_nerfstudio(params: FitParams, photos: list[PosedPhoto], sparse: Points, hooks: Hooks | None = None) -> Fit:
    """Fit with `ns-train splatfacto`, in the product frame, judged by our own rasterizer on the held-out photos.

    Heeds `seed`, `side_px`, `iterations`, `gaussians` (points to start from; splatfacto grows and prunes as it sees
    fit), `degree`, the held-out photos, `matte` and `nerfstudio_seconds`; no checkpoint: a killed fit begins anew.
    Raises MissingEngine without nerfstudio, BadInput on too few photos, CatalogError when a program fails or is late.
    """
    require_nerfstudio()
    began, hooks = time.monotonic(), hooks or Hooks()
    held_out = held_out_names([photo.name for photo in photos], params)
    prepared = {p.name: prepare(p, params.side_px, crop=params.matte) for p in photos}
    seen = [photo for name, photo in prepared.items() if name not in held_out]
    if len(seen) < 3:
        raise BadInput(f"{len(seen)} photos are too few for a splat", remedy="Shoot more photos.")
    with tempfile.TemporaryDirectory(prefix="nerfstudio-") as folder:
        write_workspace(Path(folder) / "photos", seen, _seeds(params, sparse, seen))
        made = _train(params, Path(folder), _scale(seen), hooks, began)
    splat = Splat(made.gaussians, antialias=False)  # classic rasterization: see `train_command`
    scores = {name: _score(splat, prepared[name]) for name in held_out}
    few = seen[:: max(1, len(seen) // 4)]
    few_db = [_score(splat, p).fitted_psnr_db for p in few]
    report = _report(params, made, scores, few_db, len(photos), time.monotonic() - began)
    judged = [prepared[name] for name in held_out[:4]] or seen[:: max(1, len(seen) // 3)]
    return Fit(splat, report, scores, tuple(judged))


def _seeds(params: FitParams, sparse: Points, photos: list[Training]) -> Points:
    """Where Gaussians begin: sparse points and the hull's surface, as in our trainer."""
    points = sparse
    if params.matte:
        points = starting_points(sparse, photos, params.gaussians // 2, np.random.default_rng(params.seed))
    if len(points.positions) < _SEEDS_MIN:
        raise BadInput(
            f"{len(points.positions)} sparse points are too few to start a splat", remedy="Shoot more photos."
        )
    return points


def _scale(photos: list[Training]) -> float:
    """What brings the cameras into the cube of half side 1, for which splatfacto's thresholds and rates are made."""
    return 1.0 / float(np.abs([camera_centre(p.cam_from_world) for p in photos]).max())


def train_command(params: FitParams, folder: Path, scale: float) -> list[str]:
    """The call of ns-train (1.1.5): nothing moved nor turned, `scale` alone, its schedule fitted into `iterations`.

    Classic rasterization, for its anti-aliased one blurs by 0.3 px^2 and ours by 0.1; no viewer, no evaluation of its
    own, one checkpoint at the end.
    """
    n = params.iterations
    options: dict[str, object] = {
        "output-dir": folder / "out", "experiment-name": "product", "timestamp": "fit", "vis": "tensorboard",
        "data": folder / "photos", "max-num-iterations": n, "steps-per-save": n, "machine.seed": params.seed,
        "steps-per-eval-batch": 0, "steps-per-eval-image": 0, "steps-per-eval-all-images": 0,
        "logging.local-writer.max-log-size": 0, "optimizers.means.scheduler.max-steps": n,
        "pipeline.model.background-color": "random", "pipeline.model.rasterize-mode": "classic",
        "pipeline.model.sh-degree": params.degree, "pipeline.model.sh-degree-interval": max(1, n // 10),
        "pipeline.model.resolution-schedule": max(1, n // 10), "pipeline.model.warmup-length": min(500, n // 10),
        "pipeline.model.stop-split-at": n // 2, "pipeline.model.stop-screen-size-at": n // 2,
        "pipeline.model.cull-alpha-thresh": 0.005, "pipeline.model.use-scale-regularization": True,
    }  # fmt: skip
    data: dict[str, object] = {
        "colmap-path": "sparse/0", "images-path": "images", "downscale-factor": 1, "eval-mode": "all",
        "orientation-method": "none", "center-method": "none", "auto-scale-poses": False, "scale-factor": scale,
        "assume-colmap-world-coordinate-convention": False,
    }  # fmt: skip
    return [TRAIN, "splatfacto", *_words(options), "colmap", *_words(data)]


def _words(options: dict[str, object]) -> list[str]:
    return [word for name, value in options.items() for word in (f"--{name}", str(value))]


def _train(params: FitParams, folder: Path, scale: float, hooks: Hooks, began: float) -> Exported:
    """Train and export in `folder`."""
    started = time.monotonic()

    def tell(step: int) -> None:
        left = (time.monotonic() - started) * (params.iterations - step) / max(1, step)
        hooks.progress(
            Progress(iteration=step, total=params.iterations, psnr_db=None, gaussians=None, seconds_left=left)
        )

    left = params.nerfstudio_seconds - (started - began)
    run_program(train_command(params, folder, scale), folder / "train.log", left, tell)
    fitted = folder / "out" / "product" / "splatfacto" / "fit"
    words = _words({"load-config": fitted / "config.yml", "output-dir": folder / "export"})
    run_program([EXPORT, "gaussian-splat", *words], folder / "export.log", _EXPORT_SECONDS)
    return read_export(folder / "export" / "splat.ply", fitted / "dataparser_transforms.json")


def _score(splat: Splat, photo: Training) -> Score:
    return score(planes(splat, photo.full.camera, photo.cam_from_world, 1), photo.full)


def _report(
    params: FitParams, made: Exported, scores: dict[str, Score], seen_db: list[float], photos: int, seconds: float
) -> FitReport:
    found = scores.values()
    return FitReport(
        engine="nerfstudio", engine_version=made.version, psnr_db=mean(found, "psnr_db"),
        fitted_psnr_db=mean(found, "fitted_psnr_db"), ssim=mean(found, "ssim"), alpha_iou=mean(found, "alpha_iou"),
        train_psnr_db=float(np.mean(seen_db)), held_out=tuple(scores), photos=photos,
        gaussians=len(made.gaussians), iterations=params.iterations, seconds=seconds,
        seconds_per_iteration=seconds / params.iterations,
        peak_memory_mb=resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss * 1024 / 1e6, stopped="iterations",
    )  # fmt: skip
