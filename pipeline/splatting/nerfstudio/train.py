"""Train with nerfstudio (Tancik et al. 2023; docs.nerf.studio), using its programs ns-train and ns-export.

Its `mask` blacks out photo and picture alike and leaves floaters behind the mask. Instead, photos with alpha over a
background of a random colour at each step carve the product out, as in our trainer. A random background also makes
ns-export use nerfacto's opacity; with any other, it treats every ray as solid.
"""

import hashlib
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from pipeline.core.colmap.model import Points
from pipeline.core.domain import camera_centre
from pipeline.core.errors import CatalogError
from pipeline.splatting.nerfstudio.files import Frame, read_frame, write_workspace
from pipeline.splatting.nerfstudio.params import NerfstudioParams
from pipeline.splatting.nerfstudio.run import EXPORT, TRAIN, nerfstudio_version, run_nerfstudio
from pipeline.splatting.photos import PreparedPhoto

_EXPORT_SECONDS = 300.0


@dataclass(frozen=True)
class Trained:
    """nerfstudio's result: the exported PLY, its frame, nerfstudio's version, and the checkpoint's digest."""

    ply: Path
    frame: Frame
    version: str
    checkpoint_sha256: str


def train(
    params: NerfstudioParams,
    folder: Path,
    photos: list[PreparedPhoto],
    points: Points,
    on_step: Callable[[int, float], None],
) -> Trained:
    """Train on `photos` in the empty `folder` and export; `on_step` receives each step and the seconds left.

    Raises MissingEngine without nerfstudio, CatalogError if a program fails or exceeds its time limit.
    """
    version, started, steps = nerfstudio_version(), time.monotonic(), steps_of(params)
    write_workspace(folder / "photos", photos, points)
    run_nerfstudio(
        train_command(params, folder, _scale(photos)), folder / "train.log", params.nerfstudio_seconds,
        lambda step: on_step(step, (time.monotonic() - started) * (steps - step) / max(1, step)),
        when_late="Raise the splat's nerfstudio_seconds, or lower its iterations",
    )  # fmt: skip
    fitted = folder / "out" / "product" / params.nerfstudio_method / "fit"
    checkpoints = sorted((fitted / "nerfstudio_models").glob("step-*.ckpt"))
    if not checkpoints:
        raise CatalogError("ns-train wrote no checkpoint", remedy="Look at its log")
    with checkpoints[-1].open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    command, ply = export_command(params, fitted / "config.yml", folder / "export")
    run_nerfstudio(
        command, folder / "export.log", _EXPORT_SECONDS,
        when_late="Look at the cut-outs, and raise the iterations: perhaps nothing that was trained is opaque",
    )  # fmt: skip
    return Trained(ply, read_frame(fitted / "dataparser_transforms.json"), version, digest)


def steps_of(params: NerfstudioParams) -> int:
    """Return how many steps ns-train takes."""
    return params.nerfacto_iterations if params.nerfstudio_method == "nerfacto" else params.iterations


def _scale(photos: list[PreparedPhoto]) -> float:
    """Return the factor that scales the cameras into [-1, 1]^3, which nerfstudio's thresholds and rates assume."""
    return 1.0 / float(np.abs([camera_centre(p.cam_from_world) for p in photos]).max())


def train_command(params: NerfstudioParams, folder: Path, scale: float) -> list[str]:
    """Return the command line of ns-train 1.1.5, which only scales the scene and fits the schedule into the steps.

    No viewer, no evaluation, one checkpoint at the end.
    """
    n, nerfacto = steps_of(params), params.nerfstudio_method == "nerfacto"
    options: dict[str, object] = {
        "output-dir": folder / "out", "experiment-name": "product", "timestamp": "fit", "vis": "tensorboard",
        "data": folder / "photos", "max-num-iterations": n, "steps-per-save": n, "machine.seed": params.seed,
        "steps-per-eval-batch": 0, "steps-per-eval-image": 0, "steps-per-eval-all-images": 0,
        "logging.local-writer.max-log-size": 0, "pipeline.model.background-color": "random",
        **(_nerfacto(n) if nerfacto else _splatfacto(params)),
    }  # fmt: skip
    data: dict[str, object] = {
        "colmap-path": "sparse/0", "images-path": "images", "downscale-factor": 1, "eval-mode": "all",
        "orientation-method": "none", "center-method": "none", "auto-scale-poses": False, "scale-factor": scale,
        "assume-colmap-world-coordinate-convention": False, "load-3D-points": not nerfacto,
    }  # fmt: skip
    return [TRAIN, params.nerfstudio_method, *_arguments(options), "colmap", *_arguments(data)]


def _splatfacto(params: NerfstudioParams) -> dict[str, object]:
    """Use classic rasterization, because splatfacto's anti-aliased one blurs by 0.3 px^2 and ours by 0.1."""
    n = params.iterations
    return {
        "optimizers.means.scheduler.max-steps": n, "pipeline.model.rasterize-mode": "classic",
        "pipeline.model.sh-degree": params.degree, "pipeline.model.sh-degree-interval": max(1, n // 10),
        "pipeline.model.resolution-schedule": max(1, n // 10), "pipeline.model.warmup-length": min(500, n // 10),
        "pipeline.model.stop-split-at": n // 2, "pipeline.model.stop-screen-size-at": n // 2,
        "pipeline.model.cull-alpha-thresh": 0.005, "pipeline.model.use-scale-regularization": True,
    }  # fmt: skip


def _nerfacto(steps: int) -> dict[str, object]:
    """Keep the poses: with `eval-mode all` refined ones would drift, and our own fit can refine them.

    The field runs in torch, because tiny-cuda-nn is not in any package index.
    """
    return {
        "optimizers.fields.scheduler.max-steps": steps, "optimizers.proposal-networks.scheduler.max-steps": steps,
        "pipeline.model.proposal-weights-anneal-max-num-iters": max(1, min(1000, steps // 5)),
        "pipeline.model.camera-optimizer.mode": "off", "pipeline.model.implementation": "torch",
    }  # fmt: skip


def export_command(params: NerfstudioParams, config: Path, out: Path) -> tuple[list[str], Path]:
    """Return the command line of ns-export 1.1.5, and the file that it writes.

    nerfacto's points are where half of a photo's ray is absorbed, for rays that are more than half absorbed in total.
    ns-export requires normals; `open3d` estimates them without normals of the field.
    """
    options: dict[str, object] = {"load-config": config, "output-dir": out}
    if params.nerfstudio_method == "splatfacto":
        return [EXPORT, "gaussian-splat", *_arguments(options)], out / "splat.ply"
    options |= {"num-points": params.gaussians, "normal-method": "open3d", "reorient-normals": False}
    return [EXPORT, "pointcloud", *_arguments(options)], out / "point_cloud.ply"


def _arguments(options: dict[str, object]) -> list[str]:
    return [argument for name, value in options.items() for argument in (f"--{name}", str(value))]
