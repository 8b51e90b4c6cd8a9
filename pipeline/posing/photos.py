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
from pipeline.core.png import encode_png
from pipeline.posing.request import CameraGroup, PoseParams

MIN_MASK_FRACTION = 1e-4
SILHOUETTE_SIDE_PX = 320
WIDER_STEPS = 10  # in a large shoot a photo is matched to its 10 next photos, then to those 20, 40, 80 ... ahead


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
        groups.append(CameraGroup(names=tuple(member.name for member in members), prior=prior))
    return tuple(groups)


def pairs_to_match(names: Sequence[str], params: PoseParams) -> tuple[tuple[str, str], ...] | None:
    """The pairs of photos to match; None (every pair) for small shoots.

    In large shoots each photo is paired with its next ones in file order, as in a closed ring, and with photos at
    doubling steps ahead.
    """
    count = len(names)
    if count <= params.exhaustive_up_to:
        return None
    steps = [*range(1, WIDER_STEPS + 1)]
    while steps[-1] * 2 <= count // 2:
        steps.append(steps[-1] * 2)
    pairs = {tuple(sorted((names[i], names[(i + step) % count]))) for i in range(count) for step in steps}
    return tuple(sorted((a, b) for a, b in pairs))


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


def write_colmap_mask(
    mask: NDArray[np.uint8], photo: PhotoFile, folder: Path, params: PoseParams
) -> NDArray[np.bool_] | None:
    """Write the dilated mask in COLMAP's form (`<image name>.png`, 0 = no features).

    Returns the silhouette before dilation, [h, w] bool with a long side of 320 px; writes no file and returns None when
    the mask is empty.
    """
    inside = (mask >= 128).astype(np.uint8)
    if inside.mean() < MIN_MASK_FRACTION:
        return None
    scale = max(1.0, max(photo.width_px, photo.height_px) / params.max_side_px)
    radius = round(params.mask_dilation_px * scale)
    kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * radius + 1, 2 * radius + 1))
    dilated = np.asarray(cv2.dilate(inside, kernel) * 255, np.uint8)
    (folder / f"{photo.name}.png").write_bytes(encode_png(dilated))
    factor = SILHOUETTE_SIDE_PX / max(photo.width_px, photo.height_px)
    size = (max(1, round(photo.width_px * factor)), max(1, round(photo.height_px * factor)))
    return np.asarray(cv2.resize(mask, size, interpolation=cv2.INTER_AREA) >= 128)
