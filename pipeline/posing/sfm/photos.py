"""Prepares photos and masks for SfM, and rejects bad ones, which pycolmap would silently skip or misuse."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image, UnidentifiedImageError

from pipeline.core.domain import Frozen
from pipeline.core.errors import BadInput
from pipeline.posing.sfm.request import CameraGroup

MIN_MASK_FRACTION = 1e-4
SILHOUETTE_SIDE_PX = 320


@dataclass(frozen=True)
class PhotoFile:
    """The file of a decoded photo, upright 8-bit sRGB."""

    path: Path
    width_px: int
    height_px: int

    @property
    def name(self) -> str:
        """The file name, which identifies the photo in COLMAP."""
        return self.path.name

    @property
    def photo(self) -> str:
        """The file's stem, which identifies the photo in the catalog."""
        return self.path.stem


class UnusablePhoto(Frozen):
    """A file that is left out, and why."""

    name: str
    reason: str


def camera_groups(photos: Sequence[PhotoFile], focal_px: Mapping[str, float | None]) -> tuple[CameraGroup, ...]:
    """Group photos that share a camera: the same size and, where EXIF gives it, the same focal length within 1%."""
    by_camera: dict[tuple[int, int, int | None], list[PhotoFile]] = {}
    for photo in photos:
        focal = focal_px.get(photo.photo)
        step = None if focal is None else round(np.log(focal) / np.log(1.01))
        by_camera.setdefault((photo.width_px, photo.height_px, step), []).append(photo)
    groups = []
    for (width, height, step), members in sorted(by_camera.items(), key=lambda item: item[1][0].name):
        focals = [focal for member in members if (focal := focal_px.get(member.photo)) is not None]
        prior = None if step is None else (float(np.median(focals)), width / 2, height / 2, 0.0)
        groups.append(
            CameraGroup(names=tuple(member.name for member in members), width_px=width, height_px=height, prior=prior)
        )
    return tuple(groups)


def read_mask(path: Path, photo: PhotoFile) -> NDArray[np.uint8]:
    """Read the alpha of an RGBA cut-out, or a grey mask, as [H, W] uint8.

    Raises BadInput when it cannot be decoded or its size is not the photo's.
    """
    try:
        with Image.open(path) as image:
            if image.size != (photo.width_px, photo.height_px):
                raise BadInput(
                    f"mask {path.name} has {image.width} x {image.height} px, "
                    f"its photo {photo.name} has {photo.width_px} x {photo.height_px}",
                    remedy="Make the mask from this photo, in its size",
                )
            alpha = image.getchannel("A") if "A" in image.getbands() else image.convert("L")
            return np.array(alpha, dtype=np.uint8)
    except (UnidentifiedImageError, OSError, SyntaxError) as error:
        raise BadInput(f"mask {path.name} cannot be decoded ({error})", remedy="Cut the photo out again") from error


def inside_of(mask: NDArray[np.uint8]) -> NDArray[np.uint8] | None:
    """The product in a mask [H, W] uint8 as 0 or 255; None when the mask is empty."""
    inside = np.asarray((mask >= 128) * np.uint8(255), np.uint8)
    return None if (inside > 0).mean() < MIN_MASK_FRACTION else inside


def silhouette_of(mask: NDArray[np.uint8], photo: PhotoFile) -> NDArray[np.bool_]:
    """The silhouette [h, w] bool of a photo's mask [H, W], with a long side of 320 px."""
    factor = SILHOUETTE_SIDE_PX / max(photo.width_px, photo.height_px)
    size = (max(1, round(photo.width_px * factor)), max(1, round(photo.height_px * factor)))
    return np.asarray(cv2.resize(mask, size, interpolation=cv2.INTER_AREA) >= 128)
