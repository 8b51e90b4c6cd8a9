"""Lay the photos' detail over a picture drawn from a splat."""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from pipeline.core.arrays import F32, F64
from pipeline.core.domain import Camera
from pipeline.splatting.detail.depth import without_gaps
from pipeline.splatting.detail.merge import merged, reach_px, scale_of
from pipeline.splatting.detail.sources import Source, box_of, resized_camera, source_of, window
from pipeline.splatting.detail.sweep import refined
from pipeline.splatting.photos import PosedPhoto
from pipeline.splatting.ply import Splat
from pipeline.splatting.surface import surface_depth

PHOTOS = 5  # nearest ones; a sixth hardly ever sees what five do not
WIDEST_DEG = 60.0  # between the picture's direction and a photo's
_FINE_SIDE_PX = 1600  # at which depth is refined; twice the px would cost four times the seconds
_PART_PIXELS = 2**20  # merged at once
_START_SCALE = 0.5
_MARGIN_PX = 16
_TRUSTED = 0.5  # of the detail: from here on, a pixel counts as photographed
SOURCE_COLOURS = (
    (0, 0, 0), (128, 128, 128), (230, 159, 0), (86, 180, 233), (0, 158, 115), (240, 228, 66), (204, 121, 167)
)  # fmt: skip
"""sRGB, for the indices of `Detailed.sources`: beside the product, the splat, and each photo (Okabe and Ito)."""


@dataclass(frozen=True)
class Detailed:
    """A picture with detail.

    `planes` [>= 4, H, W] premultiplied, as given apart from its colours. `sources` [H, W] uint8: 0 beside the product,
    1 where the splat's own colours stay, 2 + the index in `names` of the photo that contributes most around a pixel.
    `photographed`: share of the product's pixels with a photo, 0 to 1. `names`: photos that contribute to any pixel.
    """

    planes: F32
    sources: NDArray[np.uint8]
    names: tuple[str, ...]
    photographed: float


def with_detail(planes: F32, splat: Splat, camera: Camera, cam_from_world: F64, photos: list[PosedPhoto]) -> Detailed:
    """Lay the detail of `photos`, at most `PHOTOS`, over `planes` [>= 4, H, W], the splat as `camera` sees it.

    The world is the product frame: its unit is the product's radius. Photos and camera are undistorted. Where no photo
    agrees with the splat, the picture stays as it is. Raises BadInput as `surface_depth` does.
    """
    product = planes[3] > 0.5
    index = product.astype(np.uint8)
    box = box_of(planes[3] > 0.02, _MARGIN_PX)
    if box is None or not product.any():
        return Detailed(planes, index, (), 0.0)
    near = window(camera, *box)
    found = [source_of(photo, splat, near, cam_from_world) for photo in photos]
    sources = [source for source in found if source is not None]
    if not sources:
        return Detailed(planes, index, (), 0.0)
    shown = np.ascontiguousarray(planes[:4, *box])
    detail, main = _detail(shown, splat, near, cam_from_world, sources)
    out = planes.copy()
    out[:3, *box] = np.clip(shown[:3] + detail * shown[3], 0, np.maximum(shown[3], shown[:3]))
    used = np.unique(main[product[box] & (main > 0)])
    numbers = np.ones(1 + len(sources), np.uint8)
    numbers[used] = 2 + np.arange(len(used))
    index[box] *= numbers[main]
    photographed = float((index > 1).sum()) / float(product.sum())
    return Detailed(out, index, tuple(sources[i - 1].name for i in used), photographed)


def _detail(
    shown: F32, splat: Splat, camera: Camera, cam_from_world: F64, sources: list[Source]
) -> tuple[F32, NDArray[np.uint8]]:
    """Detail [3, h, w] to add to the straight colour, and per pixel 1 + the index of its main source or 0."""
    width, height = camera.width_px, camera.height_px
    fine = min(1.0, _FINE_SIDE_PX / max(width, height))
    begin = resized_camera(camera, *(max(8, round(side * _START_SCALE * fine)) for side in (width, height)))
    depth = without_gaps(surface_depth(splat, begin, cam_from_world))
    depth = refined(depth, shown, camera, cam_from_world, sources, fine)
    depth = np.asarray(cv2.resize(depth, (width, height), interpolation=cv2.INTER_LINEAR), np.float32)
    straight = shown[:3] / np.maximum(shown[3], np.float32(0.05))
    detail, index = np.empty_like(straight), np.empty((height, width), np.uint8)
    rows, halo = max(64, _PART_PIXELS // width), reach_px(scale_of(camera, cam_from_world))
    for top in range(0, height, rows):
        start, stop = max(0, top - halo), min(height, top + rows + halo)
        part, whole = slice(start, stop), slice(top, min(height, top + rows))
        inner = slice(top - start, whole.stop - start)
        done = merged(
            straight[:, part], shown[3, part], depth[part],
            window(camera, part, slice(0, width)), cam_from_world, sources,
        )  # fmt: skip
        detail[:, whole] = done.detail[:, inner]
        best = np.where(done.trust >= _TRUSTED, 1 + done.main, 0)
        index[whole] = best[inner]
    return detail, index
