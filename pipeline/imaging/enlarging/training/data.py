"""Training data: crops of photographs, and of print laid over them, each with its small picture."""

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
from pipeline.imaging.enlarging.training.degrade import WAYS, small_pictures, worn

LIST = Path(__file__).with_name("photographs.yaml")
LONG_SIDES_PX = (1600, 800)  # a photograph is shrunk to these, so that its pixels are sharp and free of JPEG's traces
PRINT_PX = 192  # side of the part of each photograph that is printed on
SIGNS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789&%.,-'/"


class Photograph(Frozen):
    """A photograph of the list. `of`: the package that brings it; `role`: what it is for, never for both."""

    file: str
    of: str
    author: str
    licence: str
    sha256: str
    role: Literal["training", "test"]


class View(NamedTuple):
    """A photograph at one size [factor * h, factor * w, 3], and its small pictures by each of degrade's WAYS."""

    large: Rgb
    smalls: list[Rgb]


class Pair(NamedTuple):
    """Small pictures [n, 3, h, w] and what they were, [n, 3, factor * h, factor * w], float32 sRGB, 0 to 1."""

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
        pictures.append(np.asarray(Image.open(path).convert("RGB")))
    return pictures


def views(photographs: list[Rgb], factor: int, rng: np.random.Generator) -> list[View]:
    """Each photograph at its sizes, and a part of it with print; shrunk once for all crops, since that takes long."""
    sized = [sharp(photograph, long_px) for photograph in photographs for long_px in _sizes(photograph)]
    printed = [with_print(_middle(sharp(photograph, LONG_SIDES_PX[-1])), rng) for photograph in photographs]
    whole = [_in_cells(picture, factor) for picture in (*sized, *printed)]
    return [View(large, small_pictures(large, factor, rng)) for large in whole]


def pairs(seen: list[View], rng: np.random.Generator, factor: int, small_px: int, batch: int) -> Iterator[Pair]:
    """Endless batches of crops, `small_px` in the small picture; a larger view comes more often, by its side."""
    shares = np.sqrt([view.large.size for view in seen])
    shares /= shares.sum()
    while True:
        crops = [_crop(seen[index], rng, factor, small_px) for index in rng.choice(len(seen), batch, p=shares)]
        yield Pair(*(_planes(list(side)) for side in zip(*crops, strict=True)))


def _crop(view: View, rng: np.random.Generator, factor: int, small_px: int) -> tuple[Rgb, Rgb]:
    """A small square and what it was, turned and mirrored at random, and with channels exchanged."""
    small_picture, large_px = view.smalls[rng.choice(len(WAYS), p=list(WAYS.values()))], factor * small_px
    room = np.array(small_picture.shape[:2]) - small_px + 1
    corners = rng.integers(0, room, (int(rng.integers(1, 4)), 2))
    squares = [small_picture[top : top + small_px, left : left + small_px] for top, left in corners]
    best = int(np.argmax([square.std() for square in squares]))  # skies teach little
    top, left = corners[best] * factor
    sides = worn(squares[best], rng), view.large[top : top + large_px, left : left + large_px]
    turns, mirrored = int(rng.integers(4)), int(rng.choice([-1, 1]))
    channels = rng.permutation(3) if rng.uniform() < 0.2 else np.arange(3)
    small, large = (np.rot90(side, turns)[:, ::mirrored, channels] for side in sides)
    return small, large


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


def sharp(photograph: Rgb, long_px: int) -> Rgb:
    """The photograph [h, w, 3] with a long side of `long_px`, by means of squares; no larger than it is."""
    factor = max(1.0, max(photograph.shape) / long_px)
    size = round(photograph.shape[1] / factor), round(photograph.shape[0] / factor)
    return linear_to_srgb(np.asarray(cv2.resize(srgb_to_linear(photograph), size, interpolation=cv2.INTER_AREA)))


def _sizes(photograph: Rgb) -> list[int]:
    """The long sides at which a photograph is seen: LONG_SIDES_PX, or its own if that is smaller."""
    return sorted({min(px, max(photograph.shape)) for px in LONG_SIDES_PX})


def _middle(picture: Rgb) -> Rgb:
    top, left = (max(0, size - PRINT_PX) // 2 for size in picture.shape[:2])
    return picture[top : top + PRINT_PX, left : left + PRINT_PX]


def _in_cells(picture: Rgb, factor: int) -> Rgb:
    """The picture without the last rows and columns that `factor` does not divide."""
    h, w = (size // factor * factor for size in picture.shape[:2])
    return np.ascontiguousarray(picture[:h, :w])


def _planes(pictures: list[Rgb]) -> F32:
    return np.ascontiguousarray(np.stack(pictures).transpose(0, 3, 1, 2), np.float32) / np.float32(255)
