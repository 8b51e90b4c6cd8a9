"""Measures a splat's surface against the samples' true geometry, and its held-out quality at 1024 px.

    python -m benchmarks.surface [--shoots tee-001 mug-001] [--set side_px=384 iterations=2000 gaussians=40000]
    python -m benchmarks.surface --preset demo --splats FOLDER

Fits with true poses and mattes, or reads the fits of a preset that `benchmarks.render` keeps in a folder. Errors of
depth are in % of the product's radius, over all pixels of the held-out photos that show product both in truth and in
the splat. CPU seconds are of the whole fit, without compiling kernels.
"""

import argparse
import time
from pathlib import Path

import numpy as np

from benchmarks.render import HELD_OUT, preset_params, splat_of
from benchmarks.sample_shapes import EXAMPLES, sample_mesh, true_depth
from benchmarks.splat_shoot import true_photos
from pipeline.core.arrays import F32
from pipeline.core.colmap.model import Points
from pipeline.splatting.engines import cpu
from pipeline.splatting.evaluate import score
from pipeline.splatting.fit.report import Hooks
from pipeline.splatting.photos import PosedPhoto, prepare
from pipeline.splatting.ply import Splat
from pipeline.splatting.show.render import planes, render
from pipeline.splatting.surface import surface_depth

JUDGED_PX, DEPTH_PX = 1024, 512
HEAD = (
    "| shoot | size px | Gaussians | iterations | CPU s | PSNR dB / SSIM at 1024 px | mean depth: bias, median, 95% |"
    " surface | surface, with photos |\n|---|---|---|---|---|---|---|---|---|"
)


def depth_errors(depths: list[F32], true: list[F32]) -> str:
    """Median of the signed, median and 95% quantile of the absolute error, in % of the product's radius."""
    off = 100 * np.concatenate([(d - t)[np.isfinite(d) & np.isfinite(t)] for d, t in zip(depths, true, strict=True)])
    return f"{np.median(off):+.2f}, {np.median(np.abs(off)):.2f}, {np.quantile(np.abs(off), 0.95):.2f}"


def held_out_scores(splat: Splat, photos: list[PosedPhoto]) -> str:
    """PSNR and SSIM of each held-out photo at 1024 px, inside the product."""
    scores = []
    for photo in photos:
        level = prepare(photo, JUDGED_PX, crop=True).full
        one = score(planes(splat, level.camera, photo.cam_from_world, 1), level)
        scores.append(f"{one.psnr_db:.1f} / {one.ssim:.3f}")
    return ", ".join(scores)


def measure(sku: str, changes: dict[str, float]) -> str:
    """A row of the table for a fit that is made now."""
    photos = photos_of(sku)
    params = cpu.Params.model_validate({"max_seconds": 1e6, "held_out": HELD_OUT, **changes})
    began = time.process_time()
    done = cpu.fit(params, photos, Points(np.zeros((0, 3)), np.zeros((0, 3), np.uint8)), Hooks())
    seconds = time.process_time() - began
    r = done.report
    size = f"{params.side_px} | {r.gaussians} | {r.iterations}"
    return f"| {sku} | {size} | {seconds:.0f} |{errors(sku, done.splat, photos)}"


def measure_kept(sku: str, preset: str, folder: Path | None) -> str:
    """A row of the table for a preset's fit, which may be kept in a folder."""
    photos, params = photos_of(sku), preset_params(preset)
    splat = splat_of(EXAMPLES / "collection" / sku, preset, photos, folder)
    size = f"{params.side_px} | {len(splat.gaussians)} | {params.iterations}"
    return f"| {sku} | {size} | kept |{errors(sku, splat, photos)}"


def photos_of(sku: str) -> list[PosedPhoto]:
    """A sample's photos with true poses and mattes."""
    shoot = EXAMPLES / "collection" / sku
    return true_photos(shoot / "photos", shoot / "truth")


def errors(sku: str, splat: Splat, photos: list[PosedPhoto]) -> str:
    """The columns of held-out quality and of depth."""
    held_out = [photo for photo in photos if photo.name in HELD_OUT]
    seen = [prepare(p, JUDGED_PX, crop=True) for p in photos if p.name not in HELD_OUT]
    mesh = sample_mesh(sku)
    true, mean, alone, refined = [], [], [], []
    for photo in held_out:
        camera, pose = prepare(photo, DEPTH_PX, crop=True).full.camera, photo.cam_from_world
        true.append(true_depth(mesh, camera, pose))
        drawn = render(splat, camera, pose, 1).depth
        mean.append(np.where(drawn > 0, drawn, np.nan).astype(np.float32))
        alone.append(surface_depth(splat, camera, pose))
        refined.append(surface_depth(splat, camera, pose, seen))
    columns = held_out_scores(splat, held_out), *(depth_errors(depths, true) for depths in (mean, alone, refined))
    return "".join(f" {column} |" for column in columns)


def _setting(text: str) -> tuple[str, float]:
    name, _, value = text.partition("=")
    return name, float(value) if "." in value or "e" in value else int(value)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--shoots", nargs="+", default=["tee-001", "mug-001"])
    parser.add_argument("--preset", help="instead of --set: the settings of a preset")
    parser.add_argument("--splats", type=Path, help="where the preset's fits are kept")
    parser.add_argument("--set", nargs="*", type=_setting, default=[], help="settings of the fit, name=value")
    options = parser.parse_args()
    print(HEAD)
    for sku in options.shoots:
        name, preset = Path(sku).name, options.preset
        row = measure_kept(name, preset, options.splats) if preset else measure(name, dict(options.set))
        print(row, flush=True)


if __name__ == "__main__":
    main()
