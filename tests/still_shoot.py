"""A turntable shoot in a cluttered room with known truth: a sample's cut-outs before a background that stands still.

Behind the product are boxes, printed text and stripes, some in the product's colours; its shadow moves as it turns. The
camera shakes a little and its exposure varies.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from pipeline.core.arrays import F32, Alpha, Rgb
from pipeline.core.photo.decode import read_photo
from pipeline.core.png import decode_png, encode_png
from pipeline.imaging.cutout.base import with_matte

COLLECTION = Path(__file__).parents[1] / "examples" / "collection"


@dataclass(frozen=True)
class StillPhoto:
    """`rgb` [h, w, 3], `truth` [h, w]: its true matte."""

    name: str
    rgb: Rgb
    truth: Alpha


def still_shoot(
    sample: str = "mug-001",
    *,
    seed: int = 0,
    side_px: int = 640,
    every: int = 2,
    shake_px: float = 1.5,
    exposure: float = 0.08,
) -> Iterator[StillPhoto]:
    """Every `every`-th photo of a sample in the cluttered room. `exposure`: its deviation in stops."""
    rng = np.random.default_rng(seed)
    room: F32 | None = None
    for path in sorted((COLLECTION / sample / "photos").iterdir())[::every]:
        layer = _layer(sample, path, side_px)
        room = _room(rng, *layer.shape[:2]) if room is None else room
        alpha = layer[..., 3:].astype(np.float32) / 255
        scene = room * (1 - 0.5 * _shadow(alpha[..., 0]))[..., None]
        picture = layer[..., :3] * alpha + scene * (1 - alpha)
        move = np.array([[1, 0, rng.normal(0, shake_px)], [0, 1, rng.normal(0, shake_px)]], np.float32)
        size = picture.shape[1], picture.shape[0]
        picture, truth = (
            cv2.warpAffine(p, move, size, flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT)
            for p in (picture, layer[..., 3])
        )
        picture = picture * 2 ** rng.normal(0, exposure, 3) + rng.normal(0, 2.5, picture.shape)
        yield StillPhoto(path.stem, np.clip(np.round(picture), 0, 255).astype(np.uint8), truth)


def write_still_shoot(folder: Path, sample: str = "mug-001", **options: float) -> dict[str, Alpha]:
    """Write the photos into `folder` as PNG; returns their true mattes by photo."""
    folder.mkdir(parents=True, exist_ok=True)
    truth = {}
    for photo in still_shoot(sample, **options):  # type: ignore[arg-type]
        (folder / f"{photo.name}.png").write_bytes(encode_png(photo.rgb))
        truth[photo.name] = photo.truth
    return truth


def _layer(sample: str, path: Path, side_px: int) -> Rgb:
    rgb = read_photo(path).rgb
    alpha = decode_png((COLLECTION / sample / "truth" / "mattes" / f"{path.stem}.png").read_bytes())
    factor = side_px / max(alpha.shape)
    size = round(alpha.shape[1] * factor), round(alpha.shape[0] * factor)
    small, matte = (cv2.resize(p, size, interpolation=cv2.INTER_AREA) for p in (rgb, alpha))
    return with_matte(np.asarray(small, np.uint8), np.asarray(matte, np.uint8))


def _room(rng: np.random.Generator, height: int, width: int) -> F32:
    """A wall with boxes and writing above, a striped table below."""
    room = np.full((height, width, 3), (168, 178, 192), np.float32)
    horizon = round(0.55 * height)
    y, x = np.mgrid[:height, :width]
    grain = 12 * np.sin(0.05 * x + 3 * np.sin(0.11 * y)) + 8 * np.sin(0.9 * y)
    room[horizon:] = (np.array([150, 108, 70]) + grain[..., None])[horizon:]
    boxes = room.astype(np.uint8)
    for index in range(26):
        colour = (40, 110, 115) if index % 7 == 0 else tuple(int(c) for c in rng.integers(20, 240, 3))
        w, h = (int(rng.integers(width // 20, width // 6)) for _ in range(2))
        left, top = int(rng.integers(0, width)), int(rng.integers(0, height - h))
        cv2.rectangle(boxes, (left, top), (left + w, top + h), colour, -1)
        cv2.putText(boxes, "SALE 1987", (left, top + h), 0, width / 1400, (20, 20, 20), 1)
    return np.asarray(cv2.GaussianBlur(boxes, (0, 0), 0.8), np.float32)


def _shadow(alpha: F32) -> F32:
    """A soft shadow beside and below the product, 0 to 1."""
    height, width = alpha.shape
    low = alpha * (np.arange(height) > 0.45 * height)[:, None]
    move = np.array([[1, 0, 0.06 * width], [0, 1, 0.02 * height]], np.float32)
    return np.asarray(cv2.GaussianBlur(cv2.warpAffine(low, move, (width, height)), (0, 0), 0.012 * width), np.float32)
