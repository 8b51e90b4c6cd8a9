"""Lays a material's surface out on floor and wall as the camera sees it, and blurs what is out of focus."""

import math

import cv2
import numpy as np

from pipeline.core.arrays import F32, F64
from pipeline.diffusion.scenes.materials import surface
from pipeline.diffusion.scenes.sight import Profile
from pipeline.diffusion.scenes.vocabulary import Material

TILE = 6.5  # product radii that one surface covers; it is mirrored beyond
LEVELS = 5
MEAN_PX = 128  # a surface this small has the same mean


def laid_out(material: Material, seed: int, profile: Profile, x: F32, *, bent: bool, structured: bool) -> F32:
    """Reflectance of `material` on every spot of the picture [h, w, 3]; its mean everywhere unless `structured`.

    `bent`: floor and wall are one sheet; otherwise the wall is another piece of the same material.
    """
    h, w = x.shape
    n = int(2 ** math.ceil(math.log2(max(h, w) * 1.5)))
    if not structured:
        return np.broadcast_to(surface(material, seed, MEAN_PX).mean((0, 1)), (h, w, 3)).copy()
    texture = surface(material, seed, n)
    u, v = x / np.float32(TILE) + np.float32(0.5), profile.along / TILE + 0.2
    sheet = sampled(texture, u, v)
    if bent or (profile.floor > 0.5).all():
        return sheet
    wall = sampled(texture, 1 - u, v - v[np.flatnonzero(profile.floor > 0.5)[0]] + 0.02)
    floor = profile.floor.astype(np.float32)[:, None, None]
    return np.asarray(floor * sheet + (1 - floor) * wall, np.float32)


def sampled(texture: F32, u: F32, v: F64) -> F32:
    """A texture [n, n, 3] at `u` [h, w], `v` [h], in tiles; rows that show it smaller use a smaller copy of it."""
    n, shape = texture.shape[0], u.shape
    step = np.maximum(np.abs(np.gradient(v)), abs(float(u[0, 1] - u[0, 0])) if shape[1] > 1 else 0.0) * n
    level = np.clip(np.log2(np.maximum(step, 1e-6) / 1.5), 0, LEVELS - 1)
    rows = np.broadcast_to(v.astype(np.float32)[:, None], shape)
    out = np.zeros((*shape, 3), np.float32)
    small = texture
    for number in range(LEVELS):
        weight = np.clip(1 - np.abs(level - number), 0, 1).astype(np.float32)
        used = np.flatnonzero(weight)
        if used.size:
            part = slice(int(used[0]), int(used[-1]) + 1)
            size = np.float32(small.shape[0])
            maps = (u[part] * size - 0.5, np.ascontiguousarray(rows[part] * size - 0.5))
            seen = cv2.remap(small, *maps, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT)
            out[part] += weight[part, None, None] * seen
        small = np.asarray(cv2.pyrDown(small), np.float32)
    return out


def defocused(picture: F32, blur_px: F64) -> F32:
    """`picture` [h, w, 3] with each row blurred by a Gaussian of `blur_px` [h]; between four strengths interpolated."""
    most = float(blur_px.max())
    if most < 0.3:
        return picture
    strengths = [0.0, most / 4, most / 2, most]
    layers = [picture, *(np.asarray(cv2.GaussianBlur(picture, (0, 0), each), np.float32) for each in strengths[1:])]
    out = np.zeros_like(picture)
    for number, layer in enumerate(layers):
        hat = np.interp(blur_px, strengths, np.eye(len(strengths))[number]).astype(np.float32)
        out += hat[:, None, None] * layer
    return out
