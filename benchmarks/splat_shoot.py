"""Measures a splat's held-out quality over wall time on a sample shoot with true poses and mattes (see `splat_cpu`)."""

import json
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image
from scipy import ndimage

from pipeline.core.arrays import Alpha, Rgb
from pipeline.core.colmap.model import Points, RawCamera
from pipeline.core.colmap.undistort import undistort
from pipeline.core.domain import Camera
from pipeline.splatting.engines import cpu
from pipeline.splatting.evaluate import affine_fit, psnr_db
from pipeline.splatting.fit.report import Hooks
from pipeline.splatting.fit.result import Fit
from pipeline.splatting.photos import PosedPhoto, PreparedPhoto, prepare
from pipeline.splatting.show.render import planes


def true_photos(photos: Path, truth: Path) -> list[PosedPhoto]:
    """The photos of `truth/views.json`, cut out with `truth/mattes`, undistorted."""
    out = []
    for view in json.loads((truth / "views.json").read_text()):
        name = view["photo"]
        rgb = np.array(Image.open(photos / name).convert("RGB"))
        matte = np.array(Image.open(truth / "mattes" / f"{Path(name).stem}.png").convert("L"))
        out.append(posed(view, rgb, matte))
    return out


def posed(view: dict[str, Any], rgb: Rgb, matte: Alpha) -> PosedPhoto:
    """A photo, cut out and undistorted, with a view of `truth/views.json`."""
    rgba, pinhole = undistort(np.dstack([rgb, matte]), RawCamera.of(Camera(**view["camera"])))
    return PosedPhoto(Path(view["photo"]).stem, rgba, pinhole, np.array(view["cam_from_world"]))


def floaters(done: Fit) -> float:
    """Area of alpha > 0.1 detached from the product, relative to the product's area; the worst held-out photo."""
    worst = 0.0
    for photo in done.judged:
        level = photo.full
        pieces, count = ndimage.label(planes(done.splat, level.camera, photo.cam_from_world, 1)[3] > 0.1)
        product = ndimage.binary_dilation(level.planes[3] > 0.05, iterations=2)
        touching = set(np.unique(pieces[product])) | {0}
        loose = sum(int((pieces == i).sum()) for i in range(1, count + 1) if i not in touching)
        worst = max(worst, loose / max(1, int(product.sum())))
    return worst


def gap_db(done: Fit, photo: PreparedPhoto) -> float:
    """PSNR of a withheld photo after an affine colour fit, inside its matte eroded by 2 px."""
    level = photo.full
    shown = planes(done.splat, level.camera, photo.cam_from_world, 1)
    inside = ndimage.binary_erosion(level.planes[3] > 0.99, iterations=2)
    target = level.planes[:3, inside].T
    return psnr_db(affine_fit(shown[:3, inside].T, shown[3, inside], target) - target)


def fit_shoot(shoot: Path, seconds: list[float], **changes: object) -> str:
    """Markdown table of held-out figures, one fit per number of wall seconds; `changes` are of `cpu.Params`."""
    photos = true_photos(shoot / "photos", shoot / "truth")
    withheld = shoot / "truth" / "withheld"
    gap = true_photos(withheld, withheld) if (withheld / "views.json").exists() else []
    lines = [
        f"{shoot.name}, true poses and mattes:",
        "",
        "| time limit s | seconds | iterations | Gaussians | PSNR dB | after colour fit | SSIM | alpha IoU |"
        " floaters | gap dB, mean | worst | fitted photos dB | ended by |",
        "|---" * 13 + "|",
    ]
    no_points = Points(np.zeros((0, 3)), np.zeros((0, 3), np.uint8))
    for limit in seconds:
        params = cpu.Params.model_validate({"max_seconds": limit, **changes})
        done = cpu.fit(params, photos, no_points, Hooks())
        r = done.report
        across = [gap_db(done, prepare(p, params.side_px, crop=True)) for p in gap] or [float("nan")]
        lines.append(
            f"| {limit:.0f} | {r.seconds:.0f} | {r.iterations} | {r.gaussians} | {r.psnr_db:.2f} |"
            f" {r.fitted_psnr_db:.2f} | {r.ssim:.4f} | {r.alpha_iou:.4f} | {floaters(done):.5f} |"
            f" {np.mean(across):.2f} | {min(across):.2f} | {r.train_psnr_db:.2f} | {r.stopped} |"
        )
    return "\n".join(lines)
