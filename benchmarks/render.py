"""Compares rendered pictures, with and without photographed detail, with photos that neither splat nor detail has seen.

    python -m benchmarks.render [--shoots DIR ...] [--presets demo standard] [--splats DIR] [--sheet FILE.jpg] [--write]

Fits each sample with its true poses and mattes and the preset's settings, DSC_0005, DSC_0013 and DSC_0021 held out, and
draws each held-out view at 1024 px with the detail of the nearest other photos. `--splats` keeps the fits there, and
reads those that it finds. Seconds are CPU seconds, without the fit. `--sheet`: parts at 100%, photo | splat | now.
`--write` records the table and the sheet.
"""

import argparse
import time
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import yaml
from numpy.typing import NDArray

from benchmarks.splat_shoot import true_photos
from pipeline.core.colmap.model import Points
from pipeline.core.domain import angle_between_deg, camera_centre
from pipeline.core.process import peak_memory_mb
from pipeline.splatting.detail.lay import PHOTOS, with_detail
from pipeline.splatting.engines import cpu
from pipeline.splatting.evaluate import Score, score
from pipeline.splatting.fit.report import Hooks
from pipeline.splatting.photos import Level, PosedPhoto, prepare
from pipeline.splatting.ply import Splat, read_ply, write_ply
from pipeline.splatting.show.render import planes
from pipeline.stages.splat import Params as StageParams

ROOT = Path(__file__).parent.parent
RECORD, SHEET = Path(__file__).with_name("RENDER.md"), Path(__file__).with_name("render.jpg")
BEGIN, END = "<!-- detail -->", "<!-- detail end -->"
HELD_OUT = ("DSC_0005", "DSC_0013", "DSC_0021")
SIDE_PX, PART_PX = 1024, 300
UNHURRIED_S = 1e6  # a machine shared with other work would stop a fit by the preset's clock
PARTS = {  # of the sheet: shoot, photo, and the part's corner as a share of the picture
    ("tee-001", "DSC_0021"): (0.32, 0.45),
    ("tee-001", "DSC_0005"): (0.12, 0.3),
    ("mug-001", "DSC_0005"): (0.08, 0.2),
}


@dataclass(frozen=True)
class Shown:
    """One held-out view: the photo, the splat's picture and the one with detail, planes [4, h, w], and their scores."""

    photo: Level
    plain: NDArray[np.float32]
    detailed: NDArray[np.float32]
    before: Score
    after: Score
    photographed: float
    seconds: float


def preset_params(preset: str) -> cpu.Params:
    """The preset's settings of a fit, with `HELD_OUT` held out."""
    settings = yaml.safe_load((ROOT / "pipeline" / "presets" / f"{preset}.yaml").read_text()) or {}
    fit = StageParams.model_validate(settings.get("splat", {})).fit
    return cpu.Params.model_validate({**fit.model_dump(), "held_out": HELD_OUT})


def splat_of(shoot: Path, preset: str, photos: list[PosedPhoto], kept: Path | None) -> Splat:
    """Fit a splat with the preset's settings, or read the one that was kept."""
    file = kept / f"{preset}-{shoot.name}.ply" if kept else None
    if file and file.exists():
        return read_ply(file.read_bytes(), str(file))
    params = preset_params(preset).model_copy(update={"max_seconds": UNHURRIED_S})
    done = cpu.fit(params, photos, Points(np.zeros((0, 3)), np.zeros((0, 3), np.uint8)), Hooks())
    print(f"{shoot.name}, {preset}: {done.report.seconds:.0f} s, {done.report.iterations} iterations", flush=True)
    if file:
        file.write_bytes(write_ply(done.splat))
    return done.splat


def show(splat: Splat, target: PosedPhoto, photos: list[PosedPhoto]) -> Shown:
    """Draw one held-out view with the detail of the nearest photos, and compare both pictures with the photo."""
    level, pose = prepare(target, SIDE_PX, crop=True).full, target.cam_from_world
    centre = camera_centre(pose)
    near = sorted(photos, key=lambda p: angle_between_deg(camera_centre(p.cam_from_world), centre))[:PHOTOS]
    plain = planes(splat, level.camera, pose, 1)
    began = time.process_time()
    done = with_detail(plain, splat, level.camera, pose, near)
    seconds = time.process_time() - began
    before, after = score(plain, level), score(done.planes, level)
    return Shown(level, plain, done.planes, before, after, done.photographed, seconds)


def part(shown: Shown, corner: tuple[float, float]) -> NDArray[np.uint8]:
    """A part of photo, splat and picture with detail beside each other on white, BGR."""
    height, width = shown.plain.shape[1:]
    x, y = min(round(corner[0] * width), width - PART_PX), min(round(corner[1] * height), height - PART_PX)
    white = [np.clip(p[:3] + 1 - p[3], 0, 1) for p in (shown.photo.planes, shown.plain, shown.detailed)]
    beside = np.concatenate([w[:, y : y + PART_PX, x : x + PART_PX] for w in white], axis=2)
    return (beside * 255 + 0.5).astype(np.uint8).transpose(1, 2, 0)[..., ::-1]


def compare(shoot: Path, presets: list[str], kept: Path | None) -> tuple[list[str], list[NDArray[np.uint8]]]:
    """Rows of the table for one shoot, printed as measured, and its parts of the sheet, of the first preset."""
    photos = true_photos(shoot / "photos", shoot / "truth")
    seen = [photo for photo in photos if photo.name not in HELD_OUT]
    rows, parts = [], []
    for preset in presets:
        splat = splat_of(shoot, preset, photos, kept)
        for target in (photo for photo in photos if photo.name in HELD_OUT):
            s = show(splat, target, seen)
            rows.append(
                f"| {shoot.name} | {preset} | {target.name} | {s.before.psnr_db:.2f} | {s.before.ssim:.3f} |"
                f" {s.after.psnr_db:.2f} | {s.after.ssim:.3f} | {s.photographed:.0%} | {s.seconds:.1f} |"
            )
            print(rows[-1], flush=True)
            corner = PARTS.get((shoot.name, target.name))
            if corner and preset == presets[0]:
                parts.append(part(s, corner))
    return rows, parts


def main() -> None:
    """Measure, print, and record if asked to."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    samples = [ROOT / "examples" / "collection" / name for name in ("tee-001", "mug-001")]
    parser.add_argument("--shoots", type=Path, nargs="+", default=samples)
    parser.add_argument("--presets", nargs="+", default=["demo"])
    parser.add_argument("--splats", type=Path)
    parser.add_argument("--sheet", type=Path)
    parser.add_argument("--write", action="store_true")
    options = parser.parse_args()
    head = "| shoot | preset | photo | splat: dB | SSIM | with detail: dB | SSIM | photographed | s |"
    lines, parts = [head, "|---" * 9 + "|"], []
    for shoot in options.shoots:
        rows, shown = compare(shoot, options.presets, options.splats)
        lines += rows
        parts += shown
    lines += ["", f"Peak memory of the whole comparison, with all photos of a shoot: {peak_memory_mb():.0f} MB."]
    print("\n".join(lines))
    if parts and (options.sheet or options.write):
        cv2.imwrite(str(options.sheet or SHEET), np.concatenate(parts), [cv2.IMWRITE_JPEG_QUALITY, 90])
    if options.write:
        text = RECORD.read_text()
        before, after = text[: text.index(BEGIN) + len(BEGIN)], text[text.index(END) :]
        RECORD.write_text(f"{before}\n\n" + "\n".join(lines) + f"\n\n{after}")


if __name__ == "__main__":
    main()
