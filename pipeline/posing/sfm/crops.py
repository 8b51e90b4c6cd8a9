"""Prepares what SfM reads of each photo: the grey part around the product, scaled down, and where features may lie."""

from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from pipeline.core.errors import BadInput
from pipeline.posing.sfm.memory import PREPARATION_BYTES_PER_PX, at_once
from pipeline.posing.sfm.photos import PhotoFile, inside_of, read_mask, silhouette_of
from pipeline.posing.sfm.request import Crop, PoseParams

LUMA = np.array([[0.0722, 0.7152, 0.2126]])  # of blue, green and red, Rec. 709
MARGIN_PX = 24  # around the product, so that features near its outline are described from real pixels


@dataclass(frozen=True)
class Prepared:
    """The crops of all photos that are not empty, by long side in px; `silhouettes` as in PoseResult."""

    crops: dict[int, tuple[Crop, ...]]
    silhouettes: dict[str, NDArray[np.bool_]] | None
    empty: tuple[PhotoFile, ...]


def prepare(
    photos: Sequence[PhotoFile],
    masks: Mapping[str, Path] | None,
    params: PoseParams,
    sides_px: Sequence[int],
    folder: Path,
    threads: int,
) -> Prepared:
    """Write the crops of all photos into `folder/<long side>/`, as PNG, with `<photo>.npy` masks beside them.

    `masks`: photo -> RGBA cut-out or grey mask; None: whole photos. `sides_px`: long sides that photos are scaled down
    to, never up. Raises BadInput when a photo has no mask, or photo or mask cannot be decoded.
    """
    for photo in photos:
        if masks is not None and photo.photo not in masks:
            raise BadInput(f"{photo.name} has no mask", remedy="Give a mask for every photo, or none at all")
    for side_px in sides_px:
        (folder / str(side_px)).mkdir(parents=True)

    def one(photo: PhotoFile) -> tuple[NDArray[np.bool_] | None, list[Crop]]:
        return _prepare_one(photo, None if masks is None else masks[photo.photo], params, sides_px, folder)

    largest_px = max((photo.width_px * photo.height_px for photo in photos), default=0)
    with ThreadPoolExecutor(at_once(largest_px, PREPARATION_BYTES_PER_PX, threads)) as pool:
        done = list(pool.map(one, photos))
    crops = {side: tuple(crops[i] for _, crops in done if crops) for i, side in enumerate(sides_px)}
    silhouettes = {photo.photo: s for photo, (s, _) in zip(photos, done, strict=True) if s is not None}
    empty = tuple(photo for photo, (_, crops) in zip(photos, done, strict=True) if not crops)
    return Prepared(crops, None if masks is None else silhouettes, empty)


def _prepare_one(
    photo: PhotoFile, mask: Path | None, params: PoseParams, sides_px: Sequence[int], folder: Path
) -> tuple[NDArray[np.bool_] | None, list[Crop]]:
    """The silhouette of one photo and its crops; both None and empty when its mask is empty."""
    inside = silhouette = None
    if mask is not None:
        alpha = read_mask(mask, photo)
        silhouette, inside = silhouette_of(alpha, photo), inside_of(alpha)
        if inside is None:
            return None, []
    bgr = cv2.imread(str(photo.path), cv2.IMREAD_COLOR)
    if bgr is None or bgr.shape[:2] != (photo.height_px, photo.width_px):
        raise BadInput(f"{photo.path} cannot be decoded in its size", remedy="Ingest the photo again")
    grey = np.asarray(cv2.transform(bgr, LUMA), np.uint8)
    return silhouette, [_crop(photo, grey, inside, params, side, folder / str(side)) for side in sides_px]


def _crop(
    photo: PhotoFile,
    grey: NDArray[np.uint8],
    inside: NDArray[np.uint8] | None,
    params: PoseParams,
    side_px: int,
    folder: Path,
) -> Crop:
    """Scale a photo [H, W] uint8 down to `side_px`, cut it to the product, and write both files.

    Pillow's triangle filter is as wide as the pixels it joins; a narrower one passes noise, which loses a tenth of the
    matches.
    """
    scale = min(1.0, side_px / max(grey.shape))
    size = (max(1, round(grey.shape[1] * scale)), max(1, round(grey.shape[0] * scale)))
    small = grey if scale == 1 else np.asarray(Image.fromarray(grey).resize(size, Image.Resampling.BILINEAR), np.uint8)
    rows, columns = slice(None), slice(None)
    if inside is not None:
        allowed = cv2.resize(inside, size, interpolation=cv2.INTER_AREA)
        radius = round(params.mask_dilation_px * side_px / params.max_side_px)
        kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * radius + 1, 2 * radius + 1))
        allowed = np.asarray(cv2.dilate((allowed >= 128).astype(np.uint8), kernel), np.bool_)
        if allowed.any():
            rows, columns = _around(np.any(allowed, axis=1)), _around(np.any(allowed, axis=0))
        np.save(folder / f"{photo.name}.npy", allowed[rows, columns])
    cut = small[rows, columns]
    if not cv2.imwrite(str(folder / photo.name), cut, [cv2.IMWRITE_PNG_COMPRESSION, 1]):
        raise BadInput(f"{folder / photo.name} cannot be written", remedy="Give the photo a name that ends in .png")
    return Crop(
        name=photo.name,
        left_px=columns.start or 0,
        top_px=rows.start or 0,
        width_px=cut.shape[1],
        height_px=cut.shape[0],
        scale_x=size[0] / photo.width_px,
        scale_y=size[1] / photo.height_px,
    )


def _around(any_inside: NDArray[np.bool_]) -> slice:
    """The range of indices [n] that contains every True, with a margin."""
    indices = np.flatnonzero(any_inside)
    return slice(max(0, int(indices[0]) - MARGIN_PX), int(indices[-1]) + MARGIN_PX + 1)
