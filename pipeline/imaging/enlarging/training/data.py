"""Training data: crops of photographs, and of print laid over them, each with its degraded small picture."""

import hashlib
from collections.abc import Iterator
from pathlib import Path
from typing import Literal, NamedTuple

import cv2
import numpy as np
import yaml
from PIL import Image, ImageDraw

from pipeline.core.arrays import F32, Rgb
from pipeline.core.domain import Frozen
from pipeline.core.errors import BadInput
from pipeline.core.linear import linear_to_srgb, srgb_to_linear
from pipeline.core.text import font
from pipeline.imaging.enlarging.training.degrade import degraded

LIST = Path(__file__).with_name("photographs.yaml")
LONG_SIDE_PX = 1600  # a photograph is shrunk to this, so that its pixels are sharp and free of JPEG's traces
PRINT_SHARE = 0.2  # of the crops
SIGNS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789&%.,-'/"


class Photograph(Frozen):
    """A photograph of the list. `of`: the package that brings it; `role`: what it is for, never for both."""

    file: str
    of: str
    author: str
    licence: str
    sha256: str
    role: Literal["training", "test"]


class Pair(NamedTuple):
    """Small pictures [n, 3, h, w] and what they were, [n, 3, scale * h, scale * w], float32 sRGB, 0 to 1."""

    small: F32
    large: F32


def listed(role: Literal["training", "test"]) -> tuple[Photograph, ...]:
    """The photographs of a role, as `photographs.yaml` lists them."""
    entries = (Photograph.model_validate(entry) for entry in yaml.safe_load(LIST.read_bytes()))
    return tuple(entry for entry in entries if entry.role == role)


def read_photographs(folder: Path, role: Literal["training", "test"]) -> list[Rgb]:
    """The photographs of a role, from wherever in a folder they are. Raises BadInput for a missing or other file."""
    at = {path.name: path for path in sorted(folder.rglob("*")) if path.is_file()}
    pictures = []
    for photograph in listed(role):
        path = at.get(photograph.file)
        if path is None:
            what = f"{folder}: there is no {photograph.file}"
            raise BadInput(what, remedy=f"Unpack {photograph.of} there; {LIST.name} lists all files")
        if (digest := hashlib.sha256(path.read_bytes()).hexdigest()) != photograph.sha256:
            what = f"{path} has sha256 {digest}, not {photograph.sha256}"
            raise BadInput(what, remedy=f"Use the file of {photograph.of}")
        pictures.append(_sharp(np.asarray(Image.open(path).convert("RGB"))))
    return pictures


def pairs(pictures: list[Rgb], rng: np.random.Generator, scale: int, large_px: int, batch: int) -> Iterator[Pair]:
    """Endless batches of crops of `large_px`; a photograph comes as often as its area says, but not below a tenth."""
    areas = np.array([picture.shape[0] * picture.shape[1] for picture in pictures], float)
    shares = np.maximum(areas, areas.max() / 10)
    shares /= shares.sum()
    while True:
        large = [_crop(pictures[index], rng, large_px) for index in rng.choice(len(pictures), batch, p=shares)]
        small = [degraded(crop, scale, rng) for crop in large]
        yield Pair(_planes(small), _planes(large))


def _crop(picture: Rgb, rng: np.random.Generator, side_px: int) -> Rgb:
    """A square of the picture, turned, mirrored, lit and printed on at random."""
    tried = int(rng.integers(1, 4))
    crop = max((_square(picture, rng, side_px) for _ in range(tried)), key=np.std)  # skies teach little
    if rng.uniform() < PRINT_SHARE:
        crop = with_print(crop, rng)
    crop = np.rot90(crop, int(rng.integers(4)))
    if rng.uniform() < 0.5:
        crop = crop[:, ::-1]
    if rng.uniform() < 0.3:  # other light
        gains = rng.uniform(0.5, 1.3) * rng.uniform(0.9, 1.1, 3)
        crop = linear_to_srgb((srgb_to_linear(np.ascontiguousarray(crop)) * gains).astype(np.float32))
    if rng.uniform() < 0.2:
        crop = crop[..., rng.permutation(3)]
    return np.ascontiguousarray(crop)


def _square(picture: Rgb, rng: np.random.Generator, side_px: int) -> Rgb:
    top, left = (int(rng.integers(0, size - side_px + 1)) for size in picture.shape[:2])
    return picture[top : top + side_px, left : left + side_px]


def with_print(crop: Rgb, rng: np.random.Generator) -> Rgb:
    """Lines of random signs in one colour over a crop [h, w, 3], sharp, turned a little."""
    side = 4 * max(crop.shape[:2])
    sheet = Image.new("L", (side, side))
    pen, size, top = ImageDraw.Draw(sheet), int(rng.integers(32, 160)), 0
    while top < side:
        words = "".join(rng.choice(list(SIGNS), int(side / size * 2)))
        pen.text((float(rng.uniform(-size, size)), float(top)), words, font=font(size), fill=255)
        top += int(size * rng.uniform(1.2, 2.0))
    turned = sheet.rotate(float(rng.uniform(-20, 20)), Image.Resampling.BICUBIC)
    ink = cv2.resize(np.asarray(turned, np.float32) / 255, crop.shape[1::-1], interpolation=cv2.INTER_AREA)[..., None]
    colour = srgb_to_linear(rng.integers(0, 256, (1, 1, 3)).astype(np.uint8))
    return linear_to_srgb((srgb_to_linear(np.ascontiguousarray(crop)) * (1 - ink) + colour * ink).astype(np.float32))


def _sharp(photograph: Rgb) -> Rgb:
    factor = max(1.0, max(photograph.shape) / LONG_SIDE_PX)
    size = round(photograph.shape[1] / factor), round(photograph.shape[0] / factor)
    return linear_to_srgb(np.asarray(cv2.resize(srgb_to_linear(photograph), size, interpolation=cv2.INTER_AREA)))


def _planes(pictures: list[Rgb]) -> F32:
    return np.ascontiguousarray(np.stack(pictures).transpose(0, 3, 1, 2), np.float32) / np.float32(255)
