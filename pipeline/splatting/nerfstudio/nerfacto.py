"""Fit Gaussians that start on the surface of nerfacto, nerfstudio's radiance field.

A field has no Gaussians to export, but it has a coloured surface. As in RadSplat (Niemeyer et al. 2024) and Foroutan et
al. (2024), points are sampled where it is opaque, and a fit of Gaussians starts on them. RadSplat then fits to pictures
of the field, which removes changes of exposure; we fit to the photos themselves and learn their exposure.
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
from pipeline.splatting.photos import PosedPhoto, PreparedPhoto, prepare
from pipeline.splatting.raster.cpu import CpuRasterizer

_SLACK_PX = 2
_ON_PRODUCT_MIN = 0.5  # share of the field's points; below, the field missed the product
_NO_POINTS = Points(np.zeros((0, 3)), np.zeros((0, 3), np.uint8))


def fit_nerfacto(params: NerfstudioParams, photos: list[PosedPhoto], hooks: Hooks) -> Fit:
    """Train `ns-train nerfacto` for `nerfacto_iterations`, then fit Gaussians that start on its surface, on the CPU.

    The field is trained on the photos that are not held out, at `side_px`, and uses `seed` and `nerfstudio_seconds`;
    all other settings are the fit's, as with engine cpu. Writes no snapshots: a killed fit starts over. Raises BadInput
    for too few photos, CatalogError if the field missed the product, and as `train` and `trainer.fit` do.
    """
    require_nerfstudio()
    began = time.monotonic()
    held_out = held_out_names([photo.name for photo in photos], params)
    prepared = [prepare(p, params.side_px, crop=params.matte) for p in photos if p.name not in held_out]
    if len(prepared) < 3:
        raise BadInput(f"{len(prepared)} photos are too few for a splat", remedy="Shoot more photos")
    steps = params.nerfacto_iterations

    def report_field(step: int, seconds_left: float) -> None:
        total = steps + params.iterations
        hooks.progress(Progress(iteration=step, total=total, psnr_db=None, gaussians=None, seconds_left=seconds_left))

    def report_fit(p: Progress) -> None:
        hooks.progress(p.model_copy(update={"iteration": steps + p.iteration, "total": steps + p.total}))

    with tempfile.TemporaryDirectory(prefix="nerfstudio-") as folder:
        trained = train(params, Path(folder), prepared, _NO_POINTS, report_field)
        start = on_product(params, read_cloud(trained.ply, trained.frame), prepared)
    # On the CPU: the torch with CUDA in nerfstudio's image is pinned for nerfstudio alone.
    result = fit(params, CpuRasterizer(), photos, start, Hooks(progress=report_fit))
    return _with_lineage(result, trained, time.monotonic() - began)


def on_product(params: NerfstudioParams, cloud: Points, photos: list[PreparedPhoto]) -> Points:
    """Select the field's points on the product, at most as many as a fit starts with.

    The mattes decide, because nothing carved the field outside the photos' crops. If points are too few, the trainer
    adds points on the hull. Raises CatalogError if most points are off the product.
    """
    kept = np.arange(len(cloud.positions))
    if params.matte:
        kept = np.flatnonzero(misses(cloud.positions, photos, _SLACK_PX) <= MISSES)
    if len(kept) < _ON_PRODUCT_MIN * len(cloud.positions):
        raise CatalogError(
            f"only {len(kept)} of {len(cloud.positions)} points of nerfacto's field are on the product",
            remedy="Raise the splat's nerfacto_iterations, or set its nerfstudio_method to splatfacto",
        )
    budget = round(START * params.gaussians)
    if len(kept) > budget:
        kept = np.random.default_rng(params.seed).choice(kept, budget, replace=False)
    return Points(cloud.positions[kept], cloud.colours[kept])


def _with_lineage(result: Fit, trained: Trained, seconds: float) -> Fit:
    """Add nerfstudio to the report of a fit; its seconds per iteration stay those of the Gaussians."""
    lineage = {
        "engine": "nerfstudio", "engine_version": f"{trained.version}; {result.report.engine_version}",
        "seconds": seconds, "nerfstudio_method": "nerfacto", "checkpoint_sha256": trained.checkpoint_sha256,
        "peak_memory_mb": max(peak_memory_of_children_mb(), result.report.peak_memory_mb),
    }  # fmt: skip
    return replace(result, report=result.report.model_copy(update=lineage))
