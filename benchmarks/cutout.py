"""Compares cut-outs with the ground truth: IoU, SAD, gradient error, faults, CPU seconds and memory, on one core.

    OMP_NUM_THREADS=1 python -m benchmarks.cutout [--shoots DIR] [--limit N] [--sheet sheet.png] [--write]
    OMP_NUM_THREADS=1 python -m benchmarks.cutout --photos DIR [--mattes DIR] [--engine NAME] [--sheet sheet.png]

The second form measures any folder of photos, one row each: the IoU where `--mattes` holds `<photo>.png`, else how far
the matte is believed.

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
from pipeline.core.photo.limits import PHOTO_ENDINGS, Limits
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
    iou: float | None
    sad: float | None
    gradient: float | None
    seconds: float
    belief: float
    fault: str | None
    dropped: tuple[str, ...]


def gradient_error(alpha: NDArray[np.float64], truth: NDArray[np.float64]) -> float:
    """Rhemann's gradient error, in thousands."""
    magnitudes = [gaussian_gradient_magnitude(matte, 1.4) for matte in (alpha, truth)]
    return float(np.square(magnitudes[0] - magnitudes[1]).sum() / 1000)


def measure(photo: Path, truth: Path | None, params: Frozen, side_px: int | None) -> tuple[Figures, NDArray[np.uint8]]:
    """Cut out one photo, scaled to `side_px` on the long side if given, and compare with the true matte, if any."""
    rgb = decode_photo(photo.read_bytes(), Limits(max_side_px=side_px)).rgb
    if side_px is not None and max(rgb.shape) < side_px:
        factor = side_px / max(rgb.shape)
        rgb = np.asarray(cv2.resize(rgb, None, fx=factor, fy=factor, interpolation=cv2.INTER_CUBIC), np.uint8)
    began = time.process_time()
    cut = cut_out(ENGINES.of(params), rgb, params)
    alpha = cut.alpha
    rgba = with_matte(rgb, alpha)
    seconds = time.process_time() - began
    inside = alpha == 255
    if not np.array_equal(rgba[inside][:, :3], rgb[inside]):
        raise SystemExit(f"{photo}: opaque pixels differ from the photo")
    true = alpha if truth is None else true_matte(truth, rgb.shape[1], rgb.shape[0])
    errors = (None, None, None) if truth is None else compared(alpha / 255.0, true / 255.0)
    figures = Figures(
        photo.parents[1].name, photo.stem, rgb.shape[1], rgb.shape[0], *errors, seconds, cut.verdict.belief,
        cut.verdict.fault, tuple(str(piece) for piece in cut.dropped),
    )  # fmt: skip
    return figures, _tile(rgb, rgba, true)


def true_matte(path: Path, width: int, height: int) -> NDArray[np.uint8]:
    """The true matte [height, width]. Raises SystemExit for a file that is no picture."""
    true = cv2.imread(str(path), cv2.IMREAD_GRAYSCALE)
    if true is None:
        raise SystemExit(f"{path} is no picture: give mattes as 8-bit gray PNGs")
    if true.shape != (height, width):
        true = cv2.resize(true, (width, height), interpolation=cv2.INTER_AREA)
    return np.asarray(true, np.uint8)


def compared(alpha: NDArray[np.float64], truth: NDArray[np.float64]) -> tuple[float, float, float]:
    """IoU at one half, SAD and gradient error of a matte."""
    both, either = ((alpha >= 0.5) & (truth >= 0.5)).sum(), ((alpha >= 0.5) | (truth >= 0.5)).sum()
    return float(both / max(either, 1)), float(np.abs(alpha - truth).sum() / 1000), gradient_error(alpha, truth)


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


def folder(photos: Path, mattes: Path | None, params: Frozen, limit: int | None, sheet: Path | None) -> None:
    """Measure every photo of a folder and print a row each, then the mean and the peak memory."""
    engine = str(params.engine)  # type: ignore[attr-defined]  # every Params has it
    measured, tiles = [], []
    print("| photo | engine | px | IoU or belief | s | fault | dropped |\n|---|---|---|---|---|---|---|")
    for photo in [path for path in sorted(photos.iterdir()) if path.suffix.lower() in PHOTO_ENDINGS][:limit]:
        truth = None if mattes is None else mattes / f"{photo.stem}.png"
        figures, tile = measure(photo, truth if truth is not None and truth.exists() else None, params, None)
        measured.append(figures)
        tiles.append(tile)
        size = f"{figures.width_px}x{figures.height_px}"
        success = f"belief {figures.belief:.2f}" if figures.iou is None else f"IoU {figures.iou:.4f}"
        dropped = ", ".join(figures.dropped[:3])
        row = figures.photo, engine, size, success, f"{figures.seconds:.2f}", figures.fault or "", dropped
        print("| " + " | ".join(row) + " |", flush=True)
    if not measured:
        raise SystemExit(f"{photos} holds no photos")
    ious = [figures.iou for figures in measured if figures.iou is not None]
    if ious:
        print(f"\nIoU mean {statistics.mean(ious):.4f}, worst {min(ious):.4f}")
    seconds, faults = statistics.mean(f.seconds for f in measured), sum(f.fault is not None for f in measured)
    print(f"{seconds:.2f} s per photo, {faults} of {len(measured)} faults, peak memory {peak_memory_mb():.0f} MB")
    if sheet:
        write_sheet(tiles, sheet)


def write_sheet(tiles: list[NDArray[np.uint8]], path: Path) -> None:
    """Write tiles in rows of three, as PNG."""
    rows = [np.hstack(tiles[i : i + 3]) for i in range(0, len(tiles) - len(tiles) % 3, 3)] or tiles[:1]
    width = min(row.shape[1] for row in rows)
    cv2.imwrite(str(path), np.vstack([row[:, :width] for row in rows])[..., ::-1])


def main() -> None:
    """Measure and print; with --write, record the tables in CUTOUT.md."""
    options = _options()
    if options.photos:
        params = ENGINES.parse({"engine": options.engine}) if options.engine else preset_params("standard")
        folder(options.photos, options.mattes, params, options.limit, options.sheet)
        return
    measured_shoots(options)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--shoots", type=Path, default=Path("examples/collection"))
    parser.add_argument("--limit", type=int, default=None, help="maximum number of photos per shoot")
    parser.add_argument("--sheet", type=Path, default=None, help="write photo, cut-out and error of every photo as PNG")
    parser.add_argument("--write", action="store_true", help="record the tables in benchmarks/CUTOUT.md")
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--photos", type=Path, default=None, help="measure this folder of photos instead")
    parser.add_argument("--mattes", type=Path, default=None, help="its true mattes, <photo>.png; those it has are used")
    parser.add_argument("--engine", default=None, help="for --photos; default: that of the preset standard")
    return parser.parse_args()


def measured_shoots(options: argparse.Namespace) -> None:
    """Measure shoots with the truth beside them, with the shipped presets."""
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
        write_sheet(tiles, options.sheet)
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
