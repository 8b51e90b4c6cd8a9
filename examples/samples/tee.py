"""Models a printed T-shirt on an invisible form: a flat pattern, sewn and draped, with a texture for each panel."""

from dataclasses import dataclass
from functools import reduce

import numpy as np
from numpy.typing import NDArray

from samples.cloth import Floats, Form, Ints, drape, resample, subdivide, triangulate, vertex_normals

HALF_CHEST_M = 0.272
SHOULDER = np.array([0.226, 0.645])
SLEEVE_DEG, SLEEVE_M, OPENING_M = 37.0, 0.200, 0.158
NECK_HALF_M, NECK_TOP_M = 0.078, 0.70
NECK_DROP_M = {"front": 0.088, "back": 0.022}
PANEL_M = (0.92, 0.78)  # width and height of a panel's texture; x from -0.46, z from -0.04


@dataclass(frozen=True)
class Garment:
    """A draped garment: `points` [N, 3] metres, `normals` [N, 3], `faces` [M, 3], `uv` [N, 2] (front: left half)."""

    points: Floats
    normals: Floats
    faces: Ints
    uv: Floats


def sleeve_corners() -> tuple[Floats, Floats]:
    """The upper and lower corner [2] of the right sleeve's opening in the flat pattern."""
    angle = np.radians(SLEEVE_DEG)
    along = np.array([np.cos(angle), -np.sin(angle)])
    top = SHOULDER + SLEEVE_M * along
    return top, top + OPENING_M * np.array([-np.sin(angle), -np.cos(angle)])


def outline(side: str, spacing: float) -> tuple[Floats, NDArray[np.bool_]]:
    """A panel's outline [K, 2], counter-clockwise from the neck's right end, and a mask of its sewn points [K]."""
    top, bottom = sleeve_corners()
    t = np.linspace(0, 1, 20)[:, None]
    armpit, pull = np.array([HALF_CHEST_M, 0.35]), np.array([HALF_CHEST_M + 0.002, 0.405])
    underarm = (1 - t) ** 2 * bottom + 2 * t * (1 - t) * pull + t**2 * armpit
    hem_corner = np.array([HALF_CHEST_M - 0.004, 0.0])
    neck_end = np.array([NECK_HALF_M, NECK_TOP_M])
    right = [
        (np.stack([neck_end, SHOULDER, top]), True),
        (np.stack([top, bottom]), False),
        (np.concatenate([underarm, [hem_corner]]), True),
    ]
    mirror = np.array([-1.0, 1.0])
    left = [(line[::-1] * mirror, sewn) for line, sewn in right[::-1]]
    angle = np.linspace(np.pi, 2 * np.pi, 40)
    drop = NECK_DROP_M[side]
    neck = np.stack([NECK_HALF_M * np.cos(angle), NECK_TOP_M + drop * np.sin(angle)], axis=1)
    hem = (np.stack([hem_corner, hem_corner * mirror]), False)
    points, sewn_flags = [], []
    for line, sewn in [*right, hem, *left, (neck, False)]:
        piece = resample(line, spacing)
        flags = np.full(len(piece), sewn)
        flags[0] = True  # every corner lies on a seam
        points.append(piece)
        sewn_flags.append(flags)
    return np.concatenate(points)[::-1], np.concatenate(sewn_flags)[::-1]


def _smooth_min(a: Floats, b: Floats, k: float) -> Floats:
    h = np.clip(0.5 + 0.5 * (b - a) / k, 0, 1)
    result: Floats = b * (1 - h) + a * h - k * h * (1 - h)
    return result


def _capsule(p: Floats, a: tuple[float, ...], b: tuple[float, ...], r0: float, r1: float) -> Floats:
    start, axis = np.array(a), np.array(b) - np.array(a)
    t = np.clip((p - start) @ axis / (axis @ axis), 0, 1)
    result: Floats = np.linalg.norm(p - start - t[..., None] * axis, axis=-1) - (r0 + t * (r1 - r0))
    return result


def torso_form(spacing: float = 0.006) -> Form:
    """The invisible form: hips, waist, chest, shoulders, neck and upper arms as a signed distance grid."""
    corner = np.array([-0.48, -0.27, -0.25])
    axes = [np.arange(corner[i], high, spacing) for i, high in enumerate((0.48, 0.27, 0.95))]
    p = np.stack(np.meshgrid(*axes, indexing="ij"), axis=-1)
    z = [-0.25, -0.05, 0.08, 0.25, 0.38, 0.48, 0.57, 0.63, 0.66]
    half_width = np.interp(p[..., 2], z, [0.18, 0.195, 0.190, 0.158, 0.170, 0.180, 0.172, 0.135, 0.09])
    half_depth = np.interp(p[..., 2], z, [0.12, 0.132, 0.128, 0.102, 0.120, 0.126, 0.105, 0.075, 0.05])
    middle = np.interp(p[..., 2], z, [0.0, 0.01, 0.008, 0.0, -0.004, -0.004, 0.006, 0.012, 0.012])
    q = np.hypot(p[..., 0] / half_width, (p[..., 1] - middle) / half_depth)
    trunk = (q - 1) * np.minimum(half_width, half_depth)
    trunk = np.maximum(trunk, p[..., 2] - 0.665)
    parts = [_capsule(p, (0, 0.012, 0.60), (0, -0.006, 0.80), 0.064, 0.056)]
    for s in (-1.0, 1.0):
        parts.append(_capsule(p, (0.03 * s, 0.012, 0.655), (0.165 * s, 0.008, 0.612), 0.046, 0.050))
        parts.append(_capsule(p, (0.168 * s, 0.006, 0.598), (0.345 * s, -0.012 - 0.016 * s, 0.31), 0.058, 0.045))
    return Form(reduce(lambda a, b: _smooth_min(a, b, 0.03), parts, trunk), corner, spacing)


def sew(spacing: float) -> tuple[Floats, Floats, Ints, Ints, Floats]:
    """Sew both panels: start [N, 3], pattern [P, 2], sewn faces [M, 3], flat faces [M, 3], atlas uv [P, 2]."""
    pattern, uv, flat, sewn_ids, start = [], [], [], [], []
    seam: dict[tuple[float, float], int] = {}
    for side in ("front", "back"):
        line, sewn = outline(side, spacing)
        panel = triangulate(line, spacing)
        offset = sum(len(piece) for piece in pattern)
        faces = panel.faces if side == "front" else panel.faces[:, ::-1]
        flat.append(faces + offset)
        depth = _pillow(panel.points, line[sewn]) * (-1 if side == "front" else 1)
        for i, (x, z) in enumerate(panel.points):
            key = (round(x, 6), round(z, 6))
            on_seam = i < panel.border and bool(sewn[i])
            if on_seam and key in seam:
                sewn_ids.append(seam[key])
                continue
            if on_seam:
                seam[key] = len(start)
            sewn_ids.append(len(start))
            start.append((x, 0.0 if on_seam else depth[i], z + 0.006))
        pattern.append(panel.points)
        u = (panel.points[:, 0] / PANEL_M[0] + 0.5) / 2
        uv.append(np.stack([u + (0.0 if side == "front" else 0.5), (panel.points[:, 1] + 0.04) / PANEL_M[1]], axis=1))
    faces_flat = np.concatenate(flat)
    faces_sewn = np.array(sewn_ids)[faces_flat]
    return np.array(start), np.concatenate(pattern), faces_sewn, faces_flat, np.concatenate(uv)


def _pillow(points: Floats, seam: Floats) -> Floats:
    """Initial distance of each panel point [N, 2] from the seam's plane, so that the form fits inside."""
    distance = np.min(np.linalg.norm(points[:, None] - seam[None], axis=2), axis=1)
    depth: Floats = 0.165 * np.sqrt(np.clip(distance / 0.10, 0, 1))
    return depth


def build(spacing: float = 0.0075, steps: int = 3500) -> Garment:
    """Sew and drape the T-shirt and subdivide it once; front and back share one texture atlas."""
    start, pattern, faces_sewn, faces_flat, uv = sew(spacing)
    pinned = (np.abs(start[:, 1]) < 1e-9) & (np.abs(start[:, 0]) < NECK_HALF_M + 0.035)  # clipped to the form
    points = drape(start, pinned, pattern, faces_sewn, faces_flat, torso_form(), steps)
    points, faces = subdivide(points, faces_sewn, smooth=True)
    uv, faces_uv = subdivide(uv, faces_flat, smooth=False)
    normals = vertex_normals(points, faces)
    source = np.zeros(len(uv), dtype=np.int64)
    source[faces_uv.reshape(-1)] = faces.reshape(-1)
    return Garment(points[source], normals[source], faces_uv, uv)
