"""Models of whole photos without SfM: given cameras, and points given as positions."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import cv2
import numpy as np

from pipeline.core.arrays import F64, I64
from pipeline.core.colmap.model import TRACK, Points, PosedImage, RawCamera, SparseModel
from pipeline.core.domain import Camera, look_at
from pipeline.core.png import encode_png
from pipeline.posing.hull import project_px
from tests.clutter import ClutteredShoot
from tests.posing import can

CAMERA = Camera(width_px=800, height_px=600, fx_px=1100, fy_px=1100, cx_px=400, cy_px=300)


def model_of(
    points: F64, cameras: Mapping[str, Camera], poses: Mapping[str, F64], seen: Mapping[str, I64]
) -> SparseModel:
    """A model of points [N, 3] with images `<photo>.png`; `seen`: photo -> rows of the points that it observes."""
    images, tracks = [], [[] for _ in points]
    for number, photo in enumerate(sorted(poses)):
        rows = np.asarray(seen[photo], np.int64)
        pixels, _ = project_px(cameras[photo], poses[photo], points[rows])
        images.append(PosedImage(number, f"{photo}.png", number, poses[photo], pixels, rows))
        for feature, row in enumerate(rows.tolist()):
            tracks[row].append((number, feature))
    raw = {number: RawCamera.of(cameras[photo]) for number, photo in enumerate(sorted(poses))}
    colours = np.full((len(points), 3), 128, np.uint8)
    ids = np.arange(len(points), dtype=np.uint64)
    found = tuple(np.array(track, TRACK) for track in tracks)
    return SparseModel(raw, tuple(images), Points(points, colours), ids, np.full(len(points), 0.5), found)


def ring(elevations_deg: Sequence[float], count: int = 12, distance: float = 4.0) -> dict[str, F64]:
    """Poses of level cameras around the origin: photo -> cam_from_world [4, 4]."""
    return {
        f"p{number:02d}{index}": look_at(360 * number / count, elevation, distance)
        for index, elevation in enumerate(elevations_deg)
        for number in range(count)
    }


def model_of_clutter(shoot: ClutteredShoot, generator: np.random.Generator) -> SparseModel:
    """The true model of a cluttered shoot of a mug, with 500 points on the mug and 250 on the table, 3 mm noise."""
    angles, heights = generator.uniform(0, 2 * np.pi, 500), generator.uniform(shoot.table_z + 0.05, 0.55, 500)
    mug = np.stack([0.56 * np.cos(angles), 0.56 * np.sin(angles), heights], axis=1)
    flat = generator.uniform(-2, 2, (400, 2))
    flat = flat[np.linalg.norm(flat, axis=1) > 0.75][:250]
    table = np.column_stack([flat, np.full(len(flat), shoot.table_z)])
    points = np.concatenate([mug, table]) + generator.normal(0, 0.003, (len(mug) + len(table), 3))
    seen = {}
    for photo, pose in shoot.poses.items():
        centre = -pose[:3, :3].T @ pose[:3, 3]
        facing = points[:, :2] @ centre[:2] > 0.3 * np.linalg.norm(points[:, :2], axis=1) * np.linalg.norm(centre[:2])
        pixels, depth = project_px(shoot.cameras[photo], pose, points)
        size = shoot.cameras[photo].width_px, shoot.cameras[photo].height_px
        seen[photo] = np.flatnonzero(facing & (depth > 0) & (pixels >= 0).all(axis=1) & (pixels < size).all(axis=1))
    return model_of(points, shoot.cameras, shoot.poses, seen)


def can_on_a_table(folder: Path, count: int, step_deg: float = 15.0, elevation_deg: float = 32.0) -> dict[str, Path]:
    """Write photos of the printed can on a printed table, which stand still while the level camera walks around."""
    generator = np.random.default_rng(11)
    noise = sum(cv2.resize(generator.normal(size=(n, n)), (900, 900), interpolation=cv2.INTER_CUBIC) for n in (30, 90))
    print_ = np.clip(150 + 40 * noise[..., None] * [1.0, 0.8, 0.5], 0, 255).astype(np.uint8)
    half, corners = 2.0, np.array([[0, 0], [900, 0], [900, 900], [0, 900]], np.float32)
    table = np.array([[-half, half], [half, half], [half, -half], [-half, -half]])
    folder.mkdir()
    photos = {}
    for number in range(count):
        rgb, alpha = can.picture(number * step_deg, elevation_deg)
        pose = look_at(number * step_deg, elevation_deg, can.DISTANCE)
        pixels, _ = project_px(can.CAMERA, pose, np.column_stack([table, np.full(4, -can.HEIGHT / 2)]))
        turn = cv2.getPerspectiveTransform(corners - 0.5, (pixels - 0.5).astype(np.float32))
        size, room = (can.CAMERA.width_px, can.CAMERA.height_px), (80, 120, 200)
        scene = cv2.warpPerspective(print_, turn, size, flags=cv2.INTER_LINEAR, borderValue=room)
        cover = alpha[..., None] / 255
        photos[f"p{number:02d}"] = folder / f"p{number:02d}.png"
        photos[f"p{number:02d}"].write_bytes(encode_png(np.round(rgb * cover + scene * (1 - cover)).astype(np.uint8)))
    return photos
