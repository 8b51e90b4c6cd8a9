"""Draws a carton whose sides may carry the same print, on a turntable, with homographies and known poses."""

from functools import cache
from pathlib import Path

import cv2
import numpy as np
from PIL import Image

from pipeline.core.domain import Camera, look_at
from pipeline.posing.hull import project_px

CAMERA = Camera(width_px=480, height_px=384, fx_px=900.0, fy_px=900.0, cx_px=240.0, cy_px=192.0)
DISTANCE = 8.0
SUPERSAMPLED = 2
PRINT_PX = 400
CORNERS = [(-1, -1), (1, -1), (1, 1), (-1, 1)]  # of the ground plan, counter-clockwise from the front's left


@cache
def print_of(seed):
    """The print of one side, [PRINT_PX, PRINT_PX, 3] uint8: discs and bars."""
    rng = np.random.default_rng(seed)
    side = np.full((PRINT_PX, PRINT_PX, 3), (190, 140, 90), np.uint8)
    for _ in range(140):
        colour = tuple(int(level) for level in rng.integers(10, 245, 3))
        x, y = (int(place) for place in rng.integers(10, PRINT_PX - 20, 2))
        size = int(rng.integers(4, 22))
        if rng.random() < 0.5:
            cv2.circle(side, (x, y), size, colour, -1)
        else:
            cv2.rectangle(side, (x, y), (x + size, y + 2 * size), colour, -1)
    return side


def picture(prints, azimuth_deg, elevation_deg=18.0, seed=0):
    """RGB [H, W, 3] and alpha [H, W] of the carton; `prints`: seeds of front, right, back and left."""
    pose = look_at(azimuth_deg, elevation_deg, DISTANCE)
    centre = -pose[:3, :3].T @ pose[:3, 3]
    size = (CAMERA.width_px * SUPERSAMPLED, CAMERA.height_px * SUPERSAMPLED)
    rgb, alpha = np.full((size[1], size[0], 3), 225, np.uint8), np.zeros(size[::-1], np.uint8)
    sides = [
        (print_of(seed_of_side), [(*a, 1), (*b, 1), (*b, -1), (*a, -1)])
        for seed_of_side, a, b in zip(prints, CORNERS, [*CORNERS[1:], CORNERS[0]], strict=True)
    ]
    sides.append((np.full((PRINT_PX, PRINT_PX, 3), (140, 100, 60), np.uint8), [(x, -y, 1) for x, y in CORNERS]))
    source = np.array([(0, 0), (PRINT_PX, 0), (PRINT_PX, PRINT_PX), (0, PRINT_PX)], np.float32) - 0.5
    for drawn_print, face in sides:
        corners = np.array(face, dtype=float)
        normal = np.cross(corners[3] - corners[0], corners[1] - corners[0])
        if normal @ (centre - corners[0]) <= 0:
            continue
        pixels = SUPERSAMPLED * project_px(CAMERA, pose, corners)[0] - 0.5
        turn = cv2.getPerspectiveTransform(source, pixels.astype(np.float32))
        drawn = cv2.warpPerspective(drawn_print, turn, size, flags=cv2.INTER_AREA)
        inside = cv2.fillConvexPoly(np.zeros_like(alpha), np.round(pixels).astype(np.int32), 255) > 0
        rgb[inside], alpha[inside] = drawn[inside], 255
    small = (CAMERA.width_px, CAMERA.height_px)
    rgb, alpha = (cv2.resize(a, small, interpolation=cv2.INTER_AREA) for a in (rgb, alpha))
    noise = np.random.default_rng(seed).normal(0, 1.5, rgb.shape)
    return np.clip(rgb + noise, 0, 255).astype(np.uint8), alpha


def write_carton(folder: Path, prints, azimuths_deg, names=None):
    """Write `photos/<photo>.png` and `cutouts/<photo>.png` into `folder`; `names`: by default P00, P01 ..."""
    names = names or [f"P{index:02d}" for index in range(len(azimuths_deg))]
    for kind in ("photos", "cutouts"):
        (folder / kind).mkdir(parents=True)
    for seed, (name, azimuth_deg) in enumerate(zip(names, azimuths_deg, strict=True)):
        rgb, alpha = picture(prints, azimuth_deg, seed=seed)
        Image.fromarray(rgb).save(folder / "photos" / f"{name}.png", compress_level=1)
        Image.fromarray(np.dstack([rgb, alpha])).save(folder / "cutouts" / f"{name}.png", compress_level=1)
    return names
