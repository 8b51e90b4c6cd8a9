"""The photos that a picture's detail can come from, and how well each of them sees each pixel."""

import math
from dataclasses import dataclass
from functools import cached_property

import cv2
import numpy as np

from pipeline.core.arrays import F32, F64, Rgba
from pipeline.core.domain import Camera, angle_between_deg, camera_centre
from pipeline.splatting.detail.rays import Rays, directions
from pipeline.splatting.photos import PosedPhoto
from pipeline.splatting.ply import Splat
from pipeline.splatting.surface import surface_depth

_MARGIN_PX = 8  # kept around a photo's product
_FADE_DEG = 35.0  # a photo taken from this much further round counts 1/e
_DEPTH_SIDE_PX = 480  # at which each photo's own depth is drawn
_HIDDEN_FROM, _HIDDEN_AT = 0.04, 0.08  # product radii behind what the photo sees: still seen, and surely hidden
_GRAZING, _FACING = 0.12, 0.42  # cosines between the surface's normal and the photo: seen too flat, and seen well
_SMOOTH_PX = 2.0  # of the surface, before its normals are taken


@dataclass(frozen=True)
class Source:
    """A photo, undistorted and cropped to the product.

    `rgba` [h, w, 4] uint8, sRGB, premultiplied. `closeness` 0 to 1: 1 from the picture's own direction. `ratio`: px of
    the picture per px of the photo, at the product. `depth` [h, w]: what the photo sees, at `depth_camera`; infinite
    beside the product.
    """

    name: str
    rgba: Rgba
    camera: Camera
    cam_from_world: F64
    closeness: float
    ratio: float
    depth: F32
    depth_camera: Camera

    def level(self, scale: float) -> tuple[Rgba, Camera]:
        """The photo at the size of the picture times `scale`; never enlarged."""
        return shrunk(self.rgba, self.camera, min(1.0, scale * self.ratio))

    @cached_property
    def sharp(self) -> Rgba:
        """The photo, blurred as far as sampling it at the picture's pixels requires."""
        if self.ratio >= 1.0:
            return self.rgba
        sigma = 0.42 * math.sqrt(1.0 / self.ratio**2 - 1.0)
        return np.asarray(cv2.GaussianBlur(self.rgba, (0, 0), sigma), np.uint8)


def shrunk(rgba: Rgba, camera: Camera, factor: float) -> tuple[Rgba, Camera]:
    """Average a picture down by `factor`, to whole px, and scale its camera exactly."""
    if factor >= 1.0:
        return rgba, camera
    size = max(1, round(camera.width_px * factor)), max(1, round(camera.height_px * factor))
    small = cv2.resize(rgba, size, interpolation=cv2.INTER_AREA)
    return np.asarray(small, np.uint8), resized_camera(camera, *size)


def resized_camera(camera: Camera, width_px: int, height_px: int) -> Camera:
    """The camera of the same picture at another size."""
    x, y = width_px / camera.width_px, height_px / camera.height_px
    lens = {"fx_px": camera.fx_px * x, "cx_px": camera.cx_px * x, "fy_px": camera.fy_px * y, "cy_px": camera.cy_px * y}
    return camera.model_copy(update={"width_px": width_px, "height_px": height_px, **lens})


def box_of(alpha: F32 | Rgba, margin_px: int) -> tuple[slice, slice] | None:
    """Rows and columns that hold everything opaque of `alpha` [h, w], with a margin; None if nothing is opaque."""
    spans = []
    for axis in (1, 0):
        filled = np.flatnonzero(alpha.any(axis=axis))
        if not len(filled):
            return None
        size = alpha.shape[1 - axis]
        spans.append(slice(max(0, int(filled[0]) - margin_px), min(size, int(filled[-1]) + 1 + margin_px)))
    return spans[0], spans[1]


def window(camera: Camera, rows: slice, columns: slice) -> Camera:
    """The camera of a part of its picture."""
    return camera.model_copy(
        update={
            "width_px": columns.stop - columns.start, "height_px": rows.stop - rows.start,
            "cx_px": camera.cx_px - columns.start, "cy_px": camera.cy_px - rows.start,
        }
    )  # fmt: skip


def source_of(photo: PosedPhoto, splat: Splat, camera: Camera, cam_from_world: F64) -> Source | None:
    """Prepare a photo as a source for the picture of `camera`; None if its cut-out is empty."""
    box = box_of(photo.rgba[..., 3], _MARGIN_PX)
    if box is None:
        return None
    rgba = photo.rgba[box].copy()
    rgba[..., :3] = (rgba[..., :3] * (rgba[..., 3:] / np.float32(255)) + 0.5).astype(np.uint8)
    own = window(photo.camera, *box)
    centre, own_centre = camera_centre(cam_from_world), camera_centre(photo.cam_from_world)
    angle_deg = angle_between_deg(centre, own_centre)
    scale = camera.fx_px / float(np.linalg.norm(centre))
    own_scale = own.fx_px / float(np.linalg.norm(own_centre))
    factor = min(1.0, _DEPTH_SIDE_PX / max(own.width_px, own.height_px))
    small = resized_camera(own, max(1, round(own.width_px * factor)), max(1, round(own.height_px * factor)))
    depth = surface_depth(splat, small, photo.cam_from_world)
    seen = cv2.medianBlur(np.where(np.isfinite(depth), depth, np.float32(1e9)), 5)
    closeness = math.exp(-((angle_deg / _FADE_DEG) ** 2))
    return Source(photo.name, rgba, own, photo.cam_from_world, closeness, scale / own_scale, np.asarray(seen), small)


def views_of(camera: Camera, cam_from_world: F64, depth: F32, sources: list[Source]) -> F32:
    """How well each source sees each pixel's surface, [sources, h, w], 0 to 1.

    Less if the source is far round, sees the surface at a grazing angle, or has something in front of it.
    """
    points = directions(camera) * depth
    normals = _normals(directions(camera) * np.asarray(cv2.GaussianBlur(depth, (0, 0), _SMOOTH_PX)))
    out = np.empty((len(sources), *depth.shape), np.float32)
    for source, weight in zip(sources, out, strict=True):
        centre = cam_from_world[:3, :3] @ camera_centre(source.cam_from_world) + cam_from_world[:3, 3]
        towards = centre.astype(np.float32)[:, None, None] - points
        cosine = (normals * towards).sum(axis=0) / np.linalg.norm(towards, axis=0)
        x, y, z = Rays.between(camera, cam_from_world, source.depth_camera, source.cam_from_world).at(depth)
        front = cv2.remap(source.depth, x, y, cv2.INTER_LINEAR, borderValue=1e9)
        seen = np.clip((_HIDDEN_AT - (z - front)) / (_HIDDEN_AT - _HIDDEN_FROM), 0, 1)
        weight[:] = seen * np.clip((cosine - _GRAZING) / (_FACING - _GRAZING), 0, 1) * source.closeness
    return out


def _normals(points: F32) -> F32:
    """Unit normals [3, h, w] of a surface of points [3, h, w] in the camera's frame, towards the camera."""
    down, across = np.gradient(points, axis=(1, 2))
    normals = np.cross(down, across, axis=0)
    length: F32 = np.linalg.norm(normals, axis=0)
    return np.asarray(normals / np.maximum(length, 1e-12), np.float32)
