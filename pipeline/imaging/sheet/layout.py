"""The contact sheet of a shoot: photos, cut-outs, angles and finished assets, each with its verdict and reasons."""

from collections.abc import Sequence

import numpy as np
from PIL import Image, ImageDraw

from pipeline.core.png import BEST, encode_small_png
from pipeline.core.records import LeftOut
from pipeline.core.shoot_files import by_reason
from pipeline.imaging.sheet.data import AngleTile, AssetTile, PhotoTile
from pipeline.imaging.sheet.tiles import (
    CARD,
    CHECKER,
    GREEN,
    INK,
    MUTED,
    PAPER,
    TONES,
    font,
    pill,
    shape_of,
    thumbnail,
    wrapped,
)

WIDTH_PX, MARGIN_PX, GAP_PX = 2000, 56, 14
STRIP_COLUMNS, CARD_COLUMNS = 12, 6
HEADER_PX, TITLE_PX, FOOTER_PX = 168, 76, 60


class _Page:
    """A page that is filled from top to bottom. Each row is a separate image until the page is assembled."""

    def __init__(self) -> None:
        self.rows: list[Image.Image] = []

    def row(self, height_px: int) -> tuple[Image.Image, ImageDraw.ImageDraw]:
        """Append an empty row and return its image and drawing context."""
        image = Image.new("RGB", (WIDTH_PX, height_px), PAPER)
        self.rows.append(image)
        return image, ImageDraw.Draw(image)

    def png(self) -> bytes:
        """Assemble the rows into one PNG."""
        page = Image.new("RGB", (WIDTH_PX, sum(row.height for row in self.rows)), PAPER)
        top = 0
        for row in self.rows:
            page.paste(row, (0, top))
            top += row.height
        return encode_small_png(np.asarray(page), BEST)


def draw_sheet(
    sku: str,
    title: str,
    *,
    photos: list[PhotoTile],
    cutouts: list[PhotoTile],
    angles: list[AngleTile],
    assets: list[AssetTile],
    left_out: Sequence[LeftOut] = (),
) -> bytes:
    """Draw the contact sheet as PNG, `WIDTH_PX` wide and as tall as needed; any section may be empty.

    `left_out`: files of the shoot that no step used.
    """
    page = _Page()
    _header(page, sku, title, angles, assets)
    _strip(page, "Photos", photos)
    _strip(page, "Cut-outs", cutouts)
    _title(page, "Angles", _count([a.picture.source for a in angles]) or "none requested")
    for start in range(0, len(angles), CARD_COLUMNS):
        _angle_row(page, angles[start : start + CARD_COLUMNS])
    verdicts = _count([a.record.verdict for a in assets])
    _title(page, "Finished assets", verdicts or "none: every angle was refused")
    for start in range(0, len(assets), CARD_COLUMNS):
        _asset_row(page, assets[start : start + CARD_COLUMNS])
    if left_out:
        _left_out(page, left_out)
    page.row(FOOTER_PX)
    return page.png()


def _count(states: list[str]) -> str:
    return "  ·  ".join(f"{states.count(state)} {state}" for state in TONES if state in states)


def _left_out(page: _Page, left_out: Sequence[LeftOut]) -> None:
    """Name the files that no step used, by reason."""
    _title(page, "Left out", f"{len(left_out)} files that no step used")
    lines = [line for part in by_reason(left_out) for line in wrapped(part, WIDTH_PX - 2 * MARGIN_PX, 20, 3)]
    _, draw = page.row(30 * len(lines))
    for number, line in enumerate(lines):
        draw.text((MARGIN_PX, 30 * number), line, font=font(20), fill=MUTED)


def _header(page: _Page, sku: str, title: str, angles: list[AngleTile], assets: list[AssetTile]) -> None:
    _, draw = page.row(HEADER_PX)
    draw.rectangle((0, 0, WIDTH_PX, HEADER_PX - 24), fill=INK)
    draw.text((MARGIN_PX, 34), title or sku or "Untitled shoot", font=font(46), fill="white", stroke_width=0.6)
    draw.text((MARGIN_PX, 96), sku, font=font(24), fill="#b9b6ae")
    approved = sum(asset.record.verdict == "approved" for asset in assets)
    result = f"{approved} of {len(assets)} assets approved" if assets else "no assets"
    draw.text((WIDTH_PX - MARGIN_PX, 54), result, font=font(32), fill="white", anchor="rt")
    draw.text((WIDTH_PX - MARGIN_PX, 98), f"{len(angles)} angles", font=font(24), fill="#b9b6ae", anchor="rt")
    draw.rectangle((0, HEADER_PX - 30, int(WIDTH_PX * approved / max(1, len(assets))), HEADER_PX - 24), fill=GREEN)


def _title(page: _Page, title: str, subtitle: str) -> None:
    _, draw = page.row(TITLE_PX)
    draw.text((MARGIN_PX, 26), title, font=font(32), fill=INK, stroke_width=0.5)
    left = MARGIN_PX + draw.textlength(title, font=font(32)) + 24
    draw.text((left, 33), subtitle, font=font(24), fill=MUTED)


def _strip(page: _Page, title: str, tiles: list[PhotoTile]) -> None:
    """Draw thumbnails in a regular grid, with names below."""
    _title(page, title, str(len(tiles)))
    side = (WIDTH_PX - 2 * MARGIN_PX - (STRIP_COLUMNS - 1) * GAP_PX) // STRIP_COLUMNS
    height = round(side * shape_of(tiles[0].file)) if tiles else side
    for start in range(0, len(tiles), STRIP_COLUMNS):
        image, draw = page.row(height + 34)
        for column, tile in enumerate(tiles[start : start + STRIP_COLUMNS]):
            left = MARGIN_PX + column * (side + GAP_PX)
            image.paste(thumbnail(tile.file, side, height, CHECKER), (left, 0))
            name = tile.name if len(tile.name) <= 16 else f"{tile.name[:6]}...{tile.name[-7:]}"
            draw.text((left + side / 2, height + 6), name, font=font(16), fill=MUTED, anchor="mt")


def _card_left(column: int) -> tuple[int, int]:
    side = (WIDTH_PX - 2 * MARGIN_PX - (CARD_COLUMNS - 1) * GAP_PX) // CARD_COLUMNS
    return MARGIN_PX + column * (side + GAP_PX), side


def _angle_row(page: _Page, tiles: list[AngleTile]) -> None:
    side = _card_left(0)[1]
    texts = [wrapped(tile.picture.reason, side - 24, 18, 4) for tile in tiles]
    image, draw = page.row(side + 84 + 24 * max(len(lines) for lines in texts))
    for column, (tile, lines) in enumerate(zip(tiles, texts, strict=True)):
        left, _ = _card_left(column)
        draw.rounded_rectangle((left, 0, left + side, image.height - GAP_PX), 10, fill=CARD)
        if tile.file is None:
            draw.rounded_rectangle((left + 12, 12, left + side - 12, side - 12), 6, outline="#d4d1c9", width=2)
            draw.text((left + side / 2, side / 2), "no picture", font=font(22), fill=MUTED, anchor="mm")
        else:
            image.paste(thumbnail(tile.file, side - 24, side - 24, CHECKER), (left + 12, 12))
        _caption(draw, (left, side), tile.picture.angle.name, tile.picture.source, lines)


def _asset_row(page: _Page, tiles: list[AssetTile]) -> None:
    side = _card_left(0)[1]
    texts = [
        [f"{t.record.backdrop} · {t.record.channel}", *wrapped("; ".join(t.record.reasons), side - 24, 18, 4)]
        for t in tiles
    ]
    image, draw = page.row(side + 84 + 24 * max(len(lines) for lines in texts))
    for column, (tile, lines) in enumerate(zip(tiles, texts, strict=True)):
        left, _ = _card_left(column)
        tone = TONES[tile.record.verdict]
        draw.rounded_rectangle((left, 0, left + side, image.height - GAP_PX), 10, fill=CARD, outline=tone, width=2)
        image.paste(thumbnail(tile.file, side - 24, side - 24, PAPER), (left + 12, 12))
        _caption(draw, (left, side), tile.record.angle, tile.record.verdict, lines)


def _caption(draw: ImageDraw.ImageDraw, card: tuple[int, int], name: str, state: str, lines: list[str]) -> None:
    left, side = card
    room = side - 36 - pill(draw, left + side - 12, side + 4, state, TONES[state])
    while draw.textlength(name, font=font(22)) > room and len(name) > 4:
        name = name[:-4] + "..."
    draw.text((left + 12, side + 6), name, font=font(22), fill=INK, stroke_width=0.4)
    for number, line in enumerate(lines):
        draw.text((left + 12, side + 44 + 24 * number), line, font=font(18), fill=MUTED)
