"""Measures the outlines of rendered pictures against the mattes of photos that neither fit nor outline has seen.

    python -m benchmarks.outline [--splats FOLDER] [--shoots tee-001 mug-001] [--sheet FILE.png]

Fits as `benchmarks.likeness` does, and draws three views at the photos' size. Widths in px, from the mean alpha at each
distance from the contour at 1/2: of the picture's own, and of the photo's. `error`: mean difference of alpha within 12
px of the photo's contour. `--sheet`: parts at 200% on white: photo, splat, now.
"""

import argparse
from pathlib import Path

import cv2
import numpy as np

from benchmarks.render import HELD_OUT, ROOT, splat_of
from benchmarks.splat_shoot import true_photos
from pipeline.core.arrays import F32, F64
from pipeline.core.domain import angle_between_deg, camera_centre
from pipeline.splatting.detail.lay import PHOTOS
from pipeline.splatting.photos import PosedPhoto, premultiplied
from pipeline.splatting.ply import Splat
from pipeline.splatting.show.haze import without_haze
from pipeline.splatting.show.outline import sharpened
from pipeline.splatting.show.render import planes

REACH_PX, PART_PX = 12.5, 260
HEAD = (
    "| shoot | photo | picture | 10-90% | 3-97% | 10-90% from the photo's contour | 3-97% | error |\n"
    + "|---" * 8 + "|"
)  # fmt: skip


def main() -> None:
    """Measure, print, and draw the sheet if asked to."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--splats", type=Path)
    parser.add_argument("--shoots", nargs="+", default=["tee-001", "mug-001"])
    parser.add_argument("--sheet", type=Path)
    options = parser.parse_args()
    print(HEAD)
    parts = []
    for sku in options.shoots:
        shoot = ROOT / "examples" / "collection" / sku
        photos = true_photos(shoot / "photos", shoot / "truth")
        splat = splat_of(shoot, "demo", photos, options.splats)
        for target in (photo for photo in photos if photo.name in HELD_OUT):
            shown = pictures(splat, target, photos)
            print_rows(f"| {sku} | {target.name} |", shown)
            parts.append(part(shown))
    if options.sheet:
        cv2.imwrite(str(options.sheet), np.concatenate(parts))


def pictures(splat: Splat, target: PosedPhoto, photos: list[PosedPhoto]) -> dict[str, F32]:
    """Planes [>= 4, h, w] of the photo, the splat's picture, and the same with a sharpened outline."""
    pose, centre = target.cam_from_world, camera_centre(target.cam_from_world)
    seen = [photo for photo in photos if photo.name not in HELD_OUT]
    near = sorted(seen, key=lambda photo: angle_between_deg(camera_centre(photo.cam_from_world), centre))[:PHOTOS]
    drawn = without_haze(planes(splat, target.camera, pose, 2))[0]
    now = sharpened(drawn, splat, target.camera, pose, near)
    return {"photo": premultiplied(target.rgba), "splat": drawn, "now": now}


def print_rows(start: str, shown: dict[str, F32]) -> None:
    """A row for each picture."""
    true = shown["photo"][3]
    contour = distance_px(true)
    near = np.abs(contour) < REACH_PX
    for name, picture in shown.items():
        alpha = picture[3]
        widths = [*widths_px(distance_px(alpha), alpha), *widths_px(contour, alpha)]
        error = float(np.abs(alpha - true)[near].mean())
        print(start, name, "|", " | ".join(f"{width:.1f}" for width in widths), f"| {error:.4f} |", flush=True)


def distance_px(alpha: F32) -> F64:
    """Signed distance [h, w] of px centres from the contour at 1/2, positive inside."""
    solid = (alpha >= 0.5).astype(np.uint8)
    inside, outside = (cv2.distanceTransform(each, cv2.DIST_L2, cv2.DIST_MASK_PRECISE) for each in (solid, 1 - solid))
    return np.where(solid > 0, inside - 0.5, 0.5 - outside).astype(np.float64)


def widths_px(distance: F64, alpha: F32) -> tuple[float, float]:
    """Over how many px mean alpha rises from 10 to 90% and from 3 to 97%."""
    at = np.arange(-REACH_PX, REACH_PX + 1)
    means = [float(alpha[np.abs(distance - d) <= 0.5].mean()) for d in at]
    rising = np.maximum.accumulate(means)
    low, tenth, most, high = np.interp([0.03, 0.1, 0.9, 0.97], rising, at)
    return float(most - tenth), float(high - low)


def part(shown: dict[str, F32]) -> F64:
    """A part of the outline in all pictures, BGR."""
    rows, columns = np.nonzero(np.abs(distance_px(shown["photo"][3])) < 1)
    at = len(rows) // 3
    height, width = shown["photo"].shape[1:]
    y, x = (int(np.clip(v - PART_PX // 2, 0, most - PART_PX)) for v, most in ((rows[at], height), (columns[at], width)))
    beside = np.concatenate(
        [np.clip(p[:3] + 1 - p[3], 0, 1)[:, y : y + PART_PX, x : x + PART_PX] for p in shown.values()], axis=2
    )
    large = cv2.resize(
        np.ascontiguousarray(beside.transpose(1, 2, 0)), None, fx=2, fy=2, interpolation=cv2.INTER_NEAREST
    )
    return np.asarray(large[..., ::-1] * 255)


if __name__ == "__main__":
    main()
