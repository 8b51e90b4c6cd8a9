"""Fit Gaussians with nerfstudio's splatfacto, and evaluate them with our rasterizer."""

import tempfile
import time
from pathlib import Path

import numpy as np

from pipeline.core.colmap.model import Points
from pipeline.core.errors import BadInput
from pipeline.core.process import peak_memory_of_children_mb
from pipeline.splatting.carving.seeds import starting_points
from pipeline.splatting.evaluate import Score, mean, score
from pipeline.splatting.fit.report import FitReport, Hooks, Progress
from pipeline.splatting.fit.result import Fit
from pipeline.splatting.fit.start import held_out_names
from pipeline.splatting.nerfstudio.files import read_gaussians
from pipeline.splatting.nerfstudio.params import NerfstudioParams
from pipeline.splatting.nerfstudio.run import require_nerfstudio
from pipeline.splatting.nerfstudio.train import Trained, train
from pipeline.splatting.photos import PosedPhoto, PreparedPhoto, prepare
from pipeline.splatting.ply import Splat
from pipeline.splatting.show.render import planes

_SEEDS_MIN = 8


def fit_splatfacto(params: NerfstudioParams, photos: list[PosedPhoto], sparse: Points, hooks: Hooks) -> Fit:
    """Fit with `ns-train splatfacto`, in the product frame, and evaluate with our rasterizer on the held-out photos.

    Uses `seed`, `side_px`, `iterations`, `gaussians` (initial points; splatfacto then grows and prunes without limit),
    `degree`, the held-out photos, `matte` and `nerfstudio_seconds`. Writes no snapshots: a killed fit starts over.
    Raises BadInput for too few photos, and as `train` does.
    """
    require_nerfstudio()
    began = time.monotonic()
    held_out = held_out_names([photo.name for photo in photos], params)
    prepared = {p.name: prepare(p, params.side_px, crop=params.matte) for p in photos}
    fitted = [photo for name, photo in prepared.items() if name not in held_out]
    if len(fitted) < 3:
        raise BadInput(f"{len(fitted)} photos are too few for a splat", remedy="Shoot more photos")

    def report_step(step: int, seconds_left: float) -> None:
        total = params.iterations
        hooks.progress(Progress(iteration=step, total=total, psnr_db=None, gaussians=None, seconds_left=seconds_left))

    with tempfile.TemporaryDirectory(prefix="nerfstudio-") as folder:
        trained = train(params, Path(folder), fitted, _seeds(params, sparse, fitted), report_step)
        splat = Splat(read_gaussians(trained.ply, trained.frame), antialias=False)  # as it was trained
    scores = {name: _score(splat, prepared[name]) for name in held_out}
    few = fitted[:: max(1, len(fitted) // 4)]
    few_db = [_score(splat, p).fitted_psnr_db for p in few]
    report = _report(params, trained, splat, scores, few_db, len(photos), time.monotonic() - began)
    judged = [prepared[name] for name in held_out[:4]] or fitted[:: max(1, len(fitted) // 3)]
    return Fit(splat, report, scores, tuple(judged))


def _seeds(params: NerfstudioParams, sparse: Points, photos: list[PreparedPhoto]) -> Points:
    """Return the points that Gaussians start on: sparse points and the hull's surface, as in our trainer."""
    points = sparse
    if params.matte:
        seeds = starting_points(sparse, photos, params.gaussians // 2, np.random.default_rng(params.seed))
        points = Points(seeds.positions, seeds.colours)
    if len(points.positions) < _SEEDS_MIN:
        raise BadInput(
            f"{len(points.positions)} sparse points are too few to start a splat", remedy="Shoot more photos"
        )
    return points


def _score(splat: Splat, photo: PreparedPhoto) -> Score:
    return score(planes(splat, photo.full.camera, photo.cam_from_world, 1), photo.full)


def _report(
    params: NerfstudioParams, trained: Trained, splat: Splat, scores: dict[str, Score], fitted_db: list[float],
    photos: int, seconds: float,
) -> FitReport:  # fmt: skip
    scored = scores.values()
    return FitReport(
        engine="nerfstudio", engine_version=trained.version, nerfstudio_method="splatfacto",
        checkpoint_sha256=trained.checkpoint_sha256, psnr_db=mean(scored, "psnr_db"),
        fitted_psnr_db=mean(scored, "fitted_psnr_db"), ssim=mean(scored, "ssim"), alpha_iou=mean(scored, "alpha_iou"),
        train_psnr_db=float(np.mean(fitted_db)), held_out=tuple(scores), photos=photos,
        gaussians=len(splat.gaussians), iterations=params.iterations,
        iterations_asked=params.iterations, seconds=seconds,
        seconds_per_iteration=seconds / params.iterations,
        peak_memory_mb=peak_memory_of_children_mb(), stopped="iterations",
    )  # fmt: skip
