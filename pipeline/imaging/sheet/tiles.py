"""The parts of a contact sheet: colours, thumbnails, labels."""

from functools import cache
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, UnidentifiedImageError

from pipeline.core.errors import BadInput, CatalogError
from pipeline.core.png import decode_png
from pipeline.core.text import draw_text, length_px

PAPER, CARD, INK, MUTED = "#f4f2ee", "#ffffff", "#23221f", "#6d6a63"
GREEN, AMBER, RED, BLUE, GREY = "#2f8f5b", "#c98a12", "#c2413a", "#3a6ea5", "#8a8780"
CHECKER = "checker"
TONES = {
    "published": GREEN,
    "in review": AMBER,
    "rejected": RED,
    "captured": GREEN,
    "rendered": BLUE,
    "refused": GREY,
}
CHECK_PX = 12


def thumbnail(file: Path, width_px: int, height_px: int, ground: str) -> Image.Image:
    """Fit the picture in `file` into the middle of a tile whose ground is a colour or `CHECKER`, to show transparency.

    Raises BadInput when the file is not an image.
    """
    try:
        with Image.open(file) as opened:
            picture = _decoded(opened, file, (width_px, height_px))
    except (UnidentifiedImageError, OSError, Image.DecompressionBombError, CatalogError) as error:
        raise BadInput(f"{file} is not a readable image: {error}", remedy="Run the step that made it again") from error
    scale = min(width_px / picture.width, height_px / picture.height)
    size = (max(1, round(picture.width * scale)), max(1, round(picture.height * scale)))
    small = picture.resize(size, Image.Resampling.BOX if scale < 0.1 else Image.Resampling.LANCZOS, reducing_gap=3.0)
    tile = _checker(width_px, height_px) if ground == CHECKER else Image.new("RGB", (width_px, height_px), ground)
    mask = small if small.mode == "RGBA" else None
    tile.paste(small, ((width_px - size[0]) // 2, (height_px - size[1]) // 2), mask)
    return tile


def _decoded(opened: Image.Image, file: Path, size: tuple[int, int]) -> Image.Image:
    """The pixels of an opened picture as RGB or RGBA; of a JPEG, at least twice those that a tile of `size` shows."""
    if opened.mode.startswith("I;16"):
        return _eight_bits(opened)
    if opened.format == "PNG" and opened.mode in ("RGB", "RGBA") and "transparency" not in opened.info:
        return Image.fromarray(decode_png(file.read_bytes()))  # the same pixels in half of Pillow's time
    opened.draft("RGB", (2 * size[0], 2 * size[1]))
    return opened.convert("RGBA" if opened.has_transparency_data else "RGB")


def shape_of(file: Path) -> float:
    """Height over width of a picture, limited to 0.6 to 1.6 so that one extreme picture does not distort the sheet.

    Raises BadInput when the file is not an image.
    """
    try:
        with Image.open(file) as picture:
            return min(max(picture.height / picture.width, 0.6), 1.6)
    except (UnidentifiedImageError, OSError, Image.DecompressionBombError) as error:
        raise BadInput(f"{file} is not a readable image: {error}", remedy="Run the step that made it again") from error


def pill(draw: ImageDraw.ImageDraw, right: int, top: int, text: str, colour: str) -> int:
    """Draw a coloured label whose right edge is at `right`; returns its width in px."""
    width = round(length_px(text, 17)) + 20
    draw.rounded_rectangle((right - width, top, right, top + 28), 14, fill=colour)
    draw_text(draw, (right - width / 2, top + 14), text, 17, fill="white", anchor="mm")
    return width


@cache
def _checker_pattern(width_px: int, height_px: int) -> Image.Image:
    y, x = np.mgrid[:height_px, :width_px] // CHECK_PX
    grey = np.where((x + y) % 2 == 0, 255, 228).astype(np.uint8)
    return Image.fromarray(grey).convert("RGB")


def _checker(width_px: int, height_px: int) -> Image.Image:
    return _checker_pattern(width_px, height_px).copy()


def _eight_bits(image: Image.Image) -> Image.Image:
    """Scale 16-bit grey to 8 bits; Pillow would clip it."""
    return Image.fromarray((np.asarray(image) >> 8).astype(np.uint8)).convert("RGBA")
