"""Fit Gaussians that begin on the surface of nerfacto, nerfstudio's radiance field.

A field has no Gaussians to export, but gives the surface and its colour. As in RadSplat (Niemeyer et al. 2024) and
Foroutan et al. (2024), points are sampled where it is opaque, and a fit of Gaussians begins on them. RadSplat then fits
to the field's pictures, which removes changes of exposure; we fit to the photos themselves and learn their exposure.
"""

import tempfile
import time
from dataclasses import replace
from pathlib import Path

import numpy as np

from pipeline.core.colmap.model import Points
from pipeline.core.errors import BadInput, CatalogError
from pipeline.core.process import peak_memory_of_children_mb
from pipeline.splatting.carving.hull import MISSES, misses
from pipeline.splatting.fit.report import Hooks, Progress
from pipeline.splatting.fit.result import Fit
from pipeline.splatting.fit.start import START, held_out_names
from pipeline.splatting.fit.trainer import fit
from pipeline.splatting.nerfstudio.files import read_cloud
from pipeline.splatting.nerfstudio.params import NerfstudioParams
from pipeline.splatting.nerfstudio.run import require_nerfstudio
from pipeline.splatting.nerfstudio.train import Trained, train
from pipeline.splatting.photos import PosedPhoto, Training, prepare
from pipeline.splatting.raster.cpu import CpuRasterizer

_SLACK_PX = 2
_ON_PRODUCT_MIN = 0.5  # share of the field's points; below, the field missed the product
_NO_POINTS = Points(np.zeros((0, 3)), np.zeros((0, 3), np.uint8))


def fit_nerfacto(params: NerfstudioParams, photos: list[PosedPhoto], hooks: Hooks) -> Fit:
    """Train `ns-train nerfacto` for `nerfacto_iterations`, then fit Gaussians that begin on its surface, on the CPU.

    The field is trained on the photos that are not held out, at `side_px`, and uses `seed` and `nerfstudio_seconds`;
    all other settings are the fit's, as with engine cpu. No snapshot: a killed fit starts over. Raises BadInput on too
    few photos, CatalogError when the field missed the product, and as `nerfstudio.train` and `trainer.fit`.
    """
    require_nerfstudio()
    began, tell = time.monotonic(), hooks.progress
    held_out = held_out_names([photo.name for photo in photos], params)
    seen = [prepare(p, params.side_px, crop=params.matte) for p in photos if p.name not in held_out]
    if len(seen) < 3:
        raise BadInput(f"{len(seen)} photos are too few for a splat", remedy="Shoot more photos")
    steps = params.nerfacto_iterations

    def tell_field(step: int, left: float) -> None:
        total = steps + params.iterations
        tell(Progress(iteration=step, total=total, psnr_db=None, gaussians=None, seconds_left=left))

    def tell_fit(now: Progress) -> None:
        tell(now.model_copy(update={"iteration": steps + now.iteration, "total": steps + now.total}))

    with tempfile.TemporaryDirectory(prefix="nerfstudio-") as folder:
        made = train(params, Path(folder), seen, _NO_POINTS, tell_field)
        start = on_product(params, read_cloud(made.ply, made.frame), seen)
    # On the CPU: nerfstudio's image holds a torch with CUDA for nerfstudio alone.
    done = fit(params, CpuRasterizer(), photos, start, Hooks(progress=tell_fit))
    return _with_lineage(done, made, time.monotonic() - began)


def on_product(params: NerfstudioParams, cloud: Points, photos: list[Training]) -> Points:
    """The field's points on the product, at most as many as a fit begins with; the trainer adds the hull's to fewer.

    The mattes decide what is on the product: outside the photos' crops, nothing carved the field.
    """
    kept = np.arange(len(cloud.positions))
    if params.matte:
        kept = np.flatnonzero(misses(cloud.positions, photos, _SLACK_PX) <= MISSES)
    if len(kept) < _ON_PRODUCT_MIN * len(cloud.positions):
        raise CatalogError(
            f"only {len(kept)} of {len(cloud.positions)} points of nerfacto's field lie on the product",
            remedy="Raise the splat's nerfacto_iterations, or set its nerfstudio_method to splatfacto",
        )
    budget = round(START * params.gaussians)
    if len(kept) > budget:
        kept = np.random.default_rng(params.seed).choice(kept, budget, replace=False)
    return Points(cloud.positions[kept], cloud.colours[kept])


def _with_lineage(done: Fit, made: Trained, seconds: float) -> Fit:
    """The fit with nerfstudio in its report; its seconds per iteration stay those of the Gaussians."""
    lineage = {
        "engine": "nerfstudio", "engine_version": f"{made.version}; {done.report.engine_version}", "seconds": seconds,
        "nerfstudio_method": "nerfacto", "checkpoint_sha256": made.checkpoint_sha256,
        "peak_memory_mb": max(peak_memory_of_children_mb(), done.report.peak_memory_mb),
    }  # fmt: skip
    return replace(done, report=done.report.model_copy(update=lineage))
