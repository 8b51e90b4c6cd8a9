"""Draws a printed can on a turntable with homographies: small shoots with known poses for fast tests."""

from dataclasses import dataclass
from functools import cache
from pathlib import Path

import cv2
import numpy as np
from PIL import Image

from pipeline.core.arrays import F64
from pipeline.core.domain import Camera, look_at
from pipeline.posing.hull import project_px

SIDES, WIDTH, DEPTH, HEIGHT = 16, 1.0, 0.85, 1.1


def _corner(k, z):
    angle = 2 * np.pi * k / SIDES
    return (WIDTH / 2 * np.sin(angle), -DEPTH / 2 * np.cos(angle), z)


LID_CORNERS = ((-1, 1), (1, 1), (1, -1), (-1, -1))
FACES = [  # top left, top right, bottom right, bottom left, from outside
    [_corner(k, HEIGHT / 2), _corner(k + 1, HEIGHT / 2), _corner(k + 1, -HEIGHT / 2), _corner(k, -HEIGHT / 2)]
    for k in range(SIDES)
] + [
    [(x * WIDTH / 2, y * DEPTH / 2, HEIGHT / 2) for x, y in LID_CORNERS],
    [(x * WIDTH / 2, -y * DEPTH / 2, -HEIGHT / 2) for x, y in LID_CORNERS],
]
LID, BASE = (np.array([_corner(k, z) for k in range(SIDES)]) for z in (HEIGHT / 2, -HEIGHT / 2))
TURNED_OVER = np.diag([1.0, -1.0, -1.0, 1.0])  # stood from which the can was turned over
CAMERA = Camera(width_px=480, height_px=400, fx_px=620.0, fy_px=620.0, cx_px=240.0, cy_px=200.0)
DISTANCE = 3.2
SUPERSAMPLED = 2
LABEL_PX = 60


@dataclass(frozen=True)
class Shot:
    """`turned`: [4, 4], the can as it stands from the can as it is drawn."""

    photo: str
    azimuth_deg: float
    elevation_deg: float
    turned: F64 | None = None

    @property
    def pose(self) -> F64:
        """`cam_from_world` [4, 4] in the frame of the can."""
        pose = look_at(self.azimuth_deg, self.elevation_deg, DISTANCE)
        return pose if self.turned is None else pose @ self.turned


@cache
def prints(labels=None):
    """One picture per face, 64 x 448 px, continuous around the can, and of lid and base: noise of several scales.

    `labels`: the number of small labels that have the wall's print on an otherwise plain wall; None: all of it has.
    """
    rng = np.random.default_rng(7)
    size = 64 * SIDES
    wall, lid, base = (
        sum(
            cv2.resize(rng.normal(size=(rows // cell, width // cell)), (width, rows), interpolation=cv2.INTER_CUBIC)
            for cell in (8, 16, 32, 64)
        )
        for rows, width in ((448, size), (448, 448), (448, 448))
    )
    if labels is not None:
        printed = np.zeros_like(wall)
        for _ in range(labels):
            x, y = rng.integers(0, size - LABEL_PX), rng.integers(0, 448 - LABEL_PX)
            printed[y : y + LABEL_PX, x : x + LABEL_PX] = 1
        wall = wall * printed
    wall, lid, base = (np.clip(128 + 45 * grey, 0, 255).astype(np.uint8) for grey in (wall, lid, base))
    return [*np.split(wall, SIDES, axis=1), lid, base]


def picture(azimuth_deg, elevation_deg, camera=CAMERA):
    """RGB [H, W, 3] and alpha [H, W] of the can from this direction, on a backdrop that does not turn with it."""
    return picture_at(look_at(azimuth_deg, elevation_deg, DISTANCE), camera)


def picture_at(pose, camera=CAMERA, labels=None):
    """The same by `cam_from_world` [4, 4]; `labels`: see `prints`."""
    centre = -pose[:3, :3].T @ pose[:3, 3]
    size = (camera.width_px * SUPERSAMPLED, camera.height_px * SUPERSAMPLED)
    backdrop = cv2.resize(np.random.default_rng(3).normal(size=(40, 48)), size, interpolation=cv2.INTER_CUBIC)
    grey, alpha = np.clip(200 + 20 * backdrop, 0, 255).astype(np.uint8), np.zeros(size[::-1], np.uint8)
    for face, print_ in zip(FACES, prints(labels), strict=True):
        corners = np.array(face)
        normal = np.cross(corners[3] - corners[0], corners[1] - corners[0])
        if np.dot(normal, centre - corners[0]) <= 0:
            continue
        pixels = SUPERSAMPLED * project_px(camera, pose, corners)[0] - 0.5
        height, width = print_.shape
        source = np.array([(0, 0), (width, 0), (width, height), (0, height)], np.float32) - 0.5
        turn = cv2.getPerspectiveTransform(source.astype(np.float32), pixels.astype(np.float32))
        drawn = cv2.warpPerspective(print_, turn, size, flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
        if print_.shape[1] != 64:
            rim = LID if corners[0, 2] > 0 else BASE
            pixels = SUPERSAMPLED * project_px(camera, pose, rim)[0] - 0.5
        inside = cv2.fillConvexPoly(np.zeros_like(alpha), np.round(pixels).astype(np.int32), 255) > 0
        grey[inside], alpha[inside] = drawn[inside], 255
    small = (camera.width_px, camera.height_px)
    grey, alpha = (cv2.resize(a, small, interpolation=cv2.INTER_AREA) for a in (grey, alpha))
    return np.repeat(grey[..., None], 3, axis=2), alpha


def ring(count=16, elevation_deg=18.0, start_deg=0.0, first=1):
    return [Shot(f"DSC_{first + i:04d}", start_deg + 360.0 * i / count, elevation_deg) for i in range(count)]


def write_shoot(folder: Path, shots, labels=None):
    """Write `photos/<photo>.png` and `cutouts/<photo>.png` into `folder`."""
    (folder / "photos").mkdir(parents=True)
    (folder / "cutouts").mkdir()
    for shot in shots:
        rgb, alpha = picture_at(shot.pose, labels=labels)
        Image.fromarray(rgb).save(folder / "photos" / f"{shot.photo}.png")
        Image.fromarray(np.dstack([rgb, alpha])).save(folder / "cutouts" / f"{shot.photo}.png")
