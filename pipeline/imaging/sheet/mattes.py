"""The picture of a held step: photos with the outlines of their mattes over them, those at fault in red."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from PIL import Image, ImageColor

from pipeline.core.arrays import Pixels, Rgb
from pipeline.core.png import decode_png
from pipeline.core.text import draw_text, shortened_inside, wrapped
from pipeline.imaging.sheet.page import GAP_PX, Page, card
from pipeline.imaging.sheet.tiles import CARD, GREEN, INK, MUTED, PAPER, RED, pill

COLUMNS, PICTURES_MAX = 5, 20
OUTLINE_PX = 3
BACKDROP_SEEN = 0.35  # how much of the photo is left outside its matte
FAULT_LINES = 4


@dataclass(frozen=True)
class MatteTile:
    """A photo and its matte as stored PNG files of the same size; `fault`: what is wrong with the photo, or None.

    `matte` is gray, or RGBA, whose alpha is the matte; None: the photo is shown without one. `shown_name`: how people
    know the photo, if not by `name`. Tiles are drawn in the order given: put the worst first.
    """

    name: str
    photo: Path
    matte: Path | None
    fault: str | None
    shown_name: str | None = None


@dataclass(frozen=True)
class Verdicts:
    """What photos with and without a fault are called on the sheet: one or two words."""

    bad: str = "failed"
    good: str = "ok"


CUT_OUT = Verdicts()


def matte_sheet(title: str, summary: str, tiles: Sequence[MatteTile], verdicts: Verdicts = CUT_OUT) -> bytes:
    """Draw the first `PICTURES_MAX` tiles as PNG: red outline and fault, or green outline.

    Reads one photo at a time. Raises CatalogError for a damaged file, BadInput for one that is not an 8-bit PNG.
    """
    page = Page()
    failed = sum(tile.fault is not None for tile in tiles)
    share = 1 - failed / max(1, len(tiles))
    legend = f"red: {verdicts.bad}, green: {verdicts.good}"
    page.header(title, summary, f"{failed} of {len(tiles)} {verdicts.bad}", legend, share)
    shown = list(tiles[:PICTURES_MAX])
    more = len(tiles) - len(shown)
    page.title("Photos and their mattes", f"outlined; {more} more are not shown" if more else "outlined")
    for start in range(0, len(shown), COLUMNS):
        _row(page, shown[start : start + COLUMNS], verdicts)
    return page.png()


def _row(page: Page, tiles: list[MatteTile], verdicts: Verdicts) -> None:
    side = card(0, COLUMNS)[1]
    texts = [wrapped(tile.fault or "", side - 24, 18, FAULT_LINES) for tile in tiles]
    pictures = [outlined(tile, side - 24) for tile in tiles]
    height = max(picture.height for picture in pictures)
    image, draw = page.row(height + 80 + 26 * max(len(lines) for lines in texts))
    for column, (tile, picture, lines) in enumerate(zip(tiles, pictures, texts, strict=True)):
        left = card(column, COLUMNS)[0]
        tone = GREEN if tile.fault is None else RED
        draw.rounded_rectangle((left, 0, left + side, image.height - GAP_PX), 10, fill=CARD, outline=tone, width=2)
        image.paste(picture, (left + 12 + (side - 24 - picture.width) // 2, 12 + (height - picture.height) // 2))
        verdict = verdicts.good if tile.fault is None else verdicts.bad
        room = side - 36 - pill(draw, left + side - 12, height + 22, verdict, tone)
        draw_text(
            draw,
            (left + 12, height + 20),
            shortened_inside(tile.shown_name or tile.name, room, 22),
            22,
            fill=INK,
            bold_px=0.4,
        )
        for number, line in enumerate(lines):
            draw_text(draw, (left + 12, height + 54 + 26 * number), line, 18, fill=MUTED)


def outlined(tile: MatteTile, side_px: int) -> Image.Image:
    """A photo of at most `side_px` by `side_px`: faded outside its matte, outlined green, or red if failed."""
    rgb = _small(decode_png(tile.photo.read_bytes(), 3), side_px)
    if tile.matte is None:
        return Image.fromarray(rgb)
    matte = decode_png(tile.matte.read_bytes())
    alpha = _small(matte if matte.ndim == 2 else np.ascontiguousarray(matte[..., -1]), side_px)
    tone = ImageColor.getrgb(GREEN if tile.fault is None else RED)
    return Image.fromarray(_over(rgb, alpha, tone))


def _over(rgb: Rgb, alpha: Pixels, tone: tuple[int, ...]) -> Rgb:
    """The photo [h, w, 3], faded to paper where alpha [h, w] is low, with the outline of alpha 128 in `tone`."""
    seen = (BACKDROP_SEEN + (1 - BACKDROP_SEEN) * (alpha / 255.0))[..., None]
    paper = np.array(ImageColor.getrgb(PAPER), np.float64)
    picture = np.ascontiguousarray((rgb * seen + paper * (1 - seen) + 0.5).astype(np.uint8))
    solid = np.asarray(alpha >= 128, np.uint8)
    contours, _ = cv2.findContours(solid, cv2.RETR_CCOMP, cv2.CHAIN_APPROX_NONE)
    cv2.drawContours(picture, contours, -1, tone, OUTLINE_PX, cv2.LINE_AA)
    return picture


def _small(pixels: Pixels, side_px: int) -> Pixels:
    scale = min(1.0, side_px / max(pixels.shape[:2]))
    size = (max(1, round(pixels.shape[1] * scale)), max(1, round(pixels.shape[0] * scale)))
    return np.asarray(cv2.resize(pixels, size, interpolation=cv2.INTER_AREA), np.uint8)
