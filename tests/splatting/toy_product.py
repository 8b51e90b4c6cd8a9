"""A product made of Gaussians and photographed by the rasterizer: poses, mattes and the splat are known exactly."""

import struct

import numpy as np

from pipeline.core.colmap.model import Points
from pipeline.core.domain import Camera, look_at
from pipeline.core.png import encode_png
from pipeline.splatting.fit import trainer
from pipeline.splatting.fit.report import Hooks
from pipeline.splatting.gaussians import Gaussians
from pipeline.splatting.harmonics import C0
from pipeline.splatting.photos import PosedPhoto
from pipeline.splatting.ply import Splat
from pipeline.splatting.raster.cpu import CpuRasterizer
from pipeline.splatting.show.render import render

DISTANCE = 5.0


def product(count=1500, seed=4):
    """Make a striped egg with a knob on its right-hand side, opaque."""
    r = np.random.default_rng(seed)
    n = r.normal(size=(count, 3))
    n /= np.linalg.norm(n, axis=1, keepdims=True)
    means = n * [0.7, 0.55, 0.9]
    knob = slice(0, count // 10)
    means[knob] = n[knob] * 0.22 + [0.75, 0, 0.1]
    stripe = (np.sin(9 * means[:, 2]) > 0)[:, None]
    colour = np.where(stripe, [0.85, 0.3, 0.2], [0.2, 0.45, 0.7]) * (0.8 + 0.2 * n[:, :1])
    colour[knob] = [0.9, 0.8, 0.3]
    sh = ((colour - 0.5) / C0)[:, None]
    scales = np.full((count, 3), np.log(0.06))
    values = (means, scales, np.tile([1.0, 0, 0, 0], (count, 1)), np.full(count, 5.0), sh)
    return Splat(Gaussians(*(v.astype(np.float32) for v in values)), antialias=True)


def camera(side_px=96):
    focal = side_px * 2.0
    return Camera(width_px=side_px, height_px=side_px, fx_px=focal, fy_px=focal, cx_px=side_px / 2, cy_px=side_px / 2)


def photos(count=12, side_px=96, splat=None):
    splat = splat or product()
    out = []
    for i in range(count):
        pose = look_at(360.0 * i / count, 25.0 if i % 2 else -5.0, DISTANCE)
        out.append(PosedPhoto(f"P{i:02d}", render(splat, camera(side_px), pose).rgba, camera(side_px), pose))
    return out


def sparse(count=150, seed=0):
    g = product().gaussians
    pick = np.random.default_rng(seed).choice(len(g), count, replace=False)
    colours = np.clip((g.sh[pick, 0] * C0 + 0.5) * 255, 0, 255).astype(np.uint8)
    return Points(g.means[pick].astype(np.float64), colours)


def surface(count, seed=1):
    """Sample the toy's true surface, including the knob, with its colours: what a perfect field would give."""
    r = np.random.default_rng(seed)
    n = r.normal(size=(count, 3))
    n /= np.linalg.norm(n, axis=1, keepdims=True)
    at = n * [0.73, 0.58, 0.93]  # a third of a Gaussian beyond the means, where rays are half stopped
    knob = slice(0, count // 10)
    at[knob] = n[knob] * 0.25 + [0.75, 0, 0.1]
    g = product().gaussians
    nearest = np.array([np.square(g.means - p).sum(axis=1).argmin() for p in at])
    return Points(at, np.clip((g.sh[nearest, 0] * C0 + 0.5) * 255, 0, 255).astype(np.uint8))


def fit(params, shot, points, hooks=None):
    """Fit with the trainer on the CPU."""
    return trainer.fit(params, CpuRasterizer(), shot, points, hooks or Hooks())


def colmap_files(shot, points):
    """Return cameras.bin, images.bin and points3D.bin of these photos by name; SIMPLE_PINHOLE."""
    c = shot[0].camera
    cameras = struct.pack("<Q", 1) + struct.pack("<iiQQ3d", 1, 0, c.width_px, c.height_px, c.fx_px, c.cx_px, c.cy_px)
    images = struct.pack("<Q", len(shot))
    for i, photo in enumerate(shot):
        quat = quaternion(photo.cam_from_world[:3, :3])
        images += struct.pack("<i7di", i + 1, *quat, *photo.cam_from_world[:3, 3], 1)
        images += f"{photo.name}.png".encode() + b"\0" + struct.pack("<Q", 2) + struct.pack("<ddq", 1, 2, -1) * 2
    cloud = struct.pack("<Q", len(points.positions))
    for i, (p, rgb) in enumerate(zip(points.positions, points.colours, strict=True)):
        cloud += struct.pack("<Q3d3Bd", i, *p, *rgb.tolist(), 0.5) + struct.pack("<Q", 1) + struct.pack("<ii", 1, 0)
    return {"cameras.bin": cameras, "images.bin": images, "points3D.bin": cloud}


def quaternion(rotation):
    """Convert a rotation matrix to a quaternion wxyz, by its largest component."""
    r = rotation
    q = np.array([
        1 + r[0, 0] + r[1, 1] + r[2, 2], 1 + r[0, 0] - r[1, 1] - r[2, 2],
        1 - r[0, 0] + r[1, 1] - r[2, 2], 1 - r[0, 0] - r[1, 1] + r[2, 2],
    ])  # fmt: skip
    k = int(np.argmax(q))
    rows = [
        [q[0], r[2, 1] - r[1, 2], r[0, 2] - r[2, 0], r[1, 0] - r[0, 1]],
        [r[2, 1] - r[1, 2], q[1], r[0, 1] + r[1, 0], r[0, 2] + r[2, 0]],
        [r[0, 2] - r[2, 0], r[0, 1] + r[1, 0], q[2], r[1, 2] + r[2, 1]],
        [r[1, 0] - r[0, 1], r[0, 2] + r[2, 0], r[1, 2] + r[2, 1], q[3]],
    ]
    return np.array(rows[k]) / (2 * np.sqrt(q[k]))


def cutout_files(shot):
    """Return the photos as PNG files by name."""
    return {f"{photo.name}.png": encode_png(photo.rgba) for photo in shot}
