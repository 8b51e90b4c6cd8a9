"""Compares cut-outs with the ground truth: IoU, SAD, gradient error, faults, CPU seconds and memory, on one core.

    OMP_NUM_THREADS=1 python -m benchmarks.cutout [--shoots DIR] [--limit N] [--sheet sheet.png] [--write]

SAD: sum of |alpha - truth| over the picture, in thousands of pixels. Gradient error: sum of the squared difference of
the Gaussian derivative magnitudes (sigma 1.4) of matte and truth, in thousands (Rhemann et al., A Perceptually
Motivated Online Benchmark for Image Matting, 2009). The ground truth is each shoot's truth/mattes. The preset demo is
measured at the photo's own size, standard at 1600 px on the long side.
"""

import argparse
import json
import os
import statistics
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_gradient_magnitude

from pipeline.core.domain import Frozen
from pipeline.core.photo.decode import decode_photo
from pipeline.core.photo.limits import Limits
from pipeline.core.process import peak_memory_mb
from pipeline.imaging.cutout.base import cut_out, with_matte
from pipeline.imaging.cutout.registry import ENGINES
from pipeline.plan import read_preset, step_params

RECORD = Path(__file__).with_name("CUTOUT.md")


@dataclass(frozen=True)
class Figures:
    """The figures of one photo."""

    shoot: str
    photo: str
    width_px: int
    height_px: int
    iou: float
    sad: float
    gradient: float
    seconds: float
    fault: str | None


def gradient_error(alpha: NDArray[np.float64], truth: NDArray[np.float64]) -> float:
    """Rhemann's gradient error, in thousands."""
    magnitudes = [gaussian_gradient_magnitude(matte, 1.4) for matte in (alpha, truth)]
    return float(np.square(magnitudes[0] - magnitudes[1]).sum() / 1000)


def measure(photo: Path, truth: Path, params: Frozen, side_px: int | None) -> tuple[Figures, NDArray[np.uint8]]:
    """Cut out one photo, scaled to `side_px` on the long side if given, and compare with the true matte."""
    rgb = decode_photo(photo.read_bytes(), Limits(max_side_px=side_px)).rgb
    true = cv2.imread(str(truth), cv2.IMREAD_GRAYSCALE)
    if side_px is not None and max(rgb.shape) < side_px:
        factor = side_px / max(rgb.shape)
        rgb = np.asarray(cv2.resize(rgb, None, fx=factor, fy=factor, interpolation=cv2.INTER_CUBIC), np.uint8)
    if true.shape != rgb.shape[:2]:
        true = cv2.resize(true, (rgb.shape[1], rgb.shape[0]), interpolation=cv2.INTER_AREA)
    began = time.process_time()
    cut = cut_out(ENGINES.of(params), rgb, params)
    alpha = cut.alpha
    rgba = with_matte(rgb, alpha)
    seconds = time.process_time() - began
    inside = alpha == 255
    if not np.array_equal(rgba[inside][:, :3], rgb[inside]):
        raise SystemExit(f"{photo}: opaque pixels differ from the photo")
    a, b = alpha / 255.0, true / 255.0
    both, either = ((a >= 0.5) & (b >= 0.5)).sum(), ((a >= 0.5) | (b >= 0.5)).sum()
    figures = Figures(
        photo.parents[1].name, photo.stem, rgb.shape[1], rgb.shape[0], float(both / max(either, 1)),
        float(np.abs(a - b).sum() / 1000), gradient_error(a, b), seconds, cut.verdict.fault,
    )  # fmt: skip
    return figures, _tile(rgb, rgba, true)


def _tile(rgb: NDArray[np.uint8], rgba: NDArray[np.uint8], truth: NDArray[np.uint8]) -> NDArray[np.uint8]:
    alpha = rgba[..., 3:] / 255.0
    on_green = rgba[..., :3] * alpha + np.array([40, 160, 60]) * (1 - alpha)
    error = np.abs(rgba[..., 3].astype(int) - truth).astype(np.uint8)
    parts = [rgb, on_green.astype(np.uint8), cv2.cvtColor(error, cv2.COLOR_GRAY2RGB)]
    factor = 360 / rgb.shape[0]
    return np.hstack([cv2.resize(p, None, fx=factor, fy=factor, interpolation=cv2.INTER_AREA) for p in parts])


def preset_params(name: str) -> Frozen:
    """The cut-out params of a shipped preset."""
    return step_params("cutout", read_preset(name).get("cutout", {})).matte


def table(measured: list[Figures], preset: str) -> str:
    """One Markdown row per shoot."""
    lines = []
    for shoot in sorted({f.shoot for f in measured}):
        photos = [f for f in measured if f.shoot == shoot]
        mean = {key: statistics.mean(getattr(f, key) for f in photos) for key in ("sad", "gradient", "seconds")}
        ious, size = [f.iou for f in photos], f"{photos[0].width_px}x{photos[0].height_px}"
        lines.append(
            f"| {shoot} | {preset} | {size} | {len(photos)} | {statistics.mean(ious):.4f} |"
            f" {min(ious):.4f} | {mean['sad']:.2f} | {mean['gradient']:.2f} | {mean['seconds']:.2f} |"
            f" {max(f.seconds for f in photos):.2f} | {sum(f.fault is not None for f in photos)} |"
        )
    return "\n".join(lines)


HEAD = """| shoot | preset | px | photos | IoU mean | IoU worst | SAD | gradient | s mean | s worst | faults |
|---|---|---|---|---|---|---|---|---|---|---|"""


def main() -> None:
    """Measure and print; with --write, record the tables in CUTOUT.md."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--shoots", type=Path, default=Path("examples/collection"))
    parser.add_argument("--limit", type=int, default=None, help="maximum number of photos per shoot")
    parser.add_argument("--sheet", type=Path, default=None, help="write photo, cut-out and error of every photo as PNG")
    parser.add_argument("--write", action="store_true", help="record the tables in benchmarks/CUTOUT.md")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    tables, tiles, every = [], [], []
    for preset, side_px in (("demo", None), ("standard", 1600)):
        measured = []
        for truth in sorted(options.shoots.glob("*/truth/mattes")):
            photos = sorted((truth.parents[1] / "photos").iterdir())[: options.limit]
            for photo in photos:
                if not (truth / f"{photo.stem}.png").exists():
                    continue
                figures, tile = measure(photo, truth / f"{photo.stem}.png", preset_params(preset), side_px)
                measured.append(figures)
                if preset == "standard":
                    tiles.append(tile)
        tables.append(table(measured, preset))
        every += measured
    text = "\n".join([HEAD, *(rows for rows in tables if rows)])
    memory_mb = peak_memory_mb()
    if options.json:
        print(json.dumps([vars(figures) for figures in every], indent=1))
    else:
        print(text, f"\npeak memory {memory_mb:.0f} MB", sep="\n")
        for f in sorted(every, key=lambda f: f.iou)[:5]:
            print(f"worst: {f.shoot} {f.photo} {f.width_px} px IoU {f.iou:.4f} SAD {f.sad:.2f} {f.fault or ''}")
    if options.sheet:
        rows = [np.hstack(tiles[i : i + 3]) for i in range(0, len(tiles) - len(tiles) % 3, 3)] or tiles[:1]
        width = min(row.shape[1] for row in rows)
        cv2.imwrite(str(options.sheet), np.vstack([row[:, :width] for row in rows])[..., ::-1])
    if options.write:
        record(text, memory_mb)


def record(text: str, memory_mb: float) -> None:
    """Replace the tables between the markers of CUTOUT.md."""
    begin, end = "<!-- measured -->", "<!-- end -->"
    before, after = (RECORD.read_text() if RECORD.exists() else f"{begin}{end}").split(begin)
    threads = os.environ.get("OMP_NUM_THREADS", "all")
    facts = f"{datetime.now(UTC):%Y-%m-%d}, OMP_NUM_THREADS={threads}, CPU seconds; peak memory {memory_mb:.0f} MB."
    RECORD.write_text(f"{before}{begin}\n\n{facts}\n\n{text}\n\n{end}{after.split(end)[1]}")


if __name__ == "__main__":
    main()
