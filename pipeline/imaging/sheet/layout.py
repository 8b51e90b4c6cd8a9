"""The contact sheet of a shoot: photos, cut-outs, angles and finished assets, each with its verdict and reasons."""

from collections.abc import Sequence

from PIL import ImageDraw

from pipeline.core.records import LeftOut
from pipeline.core.shoot_files import by_reason
from pipeline.core.text import draw_text, shortened, shortened_inside, wrapped
from pipeline.imaging.sheet.data import AngleTile, AssetTile, PhotoTile
from pipeline.imaging.sheet.page import GAP_PX, MARGIN_PX, WIDTH_PX, Page, card
from pipeline.imaging.sheet.tiles import (
    CARD,
    CHECKER,
    INK,
    MUTED,
    PAPER,
    TONES,
    pill,
    shape_of,
    thumbnail,
)

STRIP_COLUMNS, CARD_COLUMNS = 12, 6
FOOTER_PX = 60


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
    page = Page()
    _header(page, sku, title, angles, assets)
    _strip(page, "Photos", photos)
    _strip(page, "Cut-outs", cutouts)
    page.title("Angles", _count([a.picture.source for a in angles]) or "none requested")
    for start in range(0, len(angles), CARD_COLUMNS):
        _angle_row(page, angles[start : start + CARD_COLUMNS])
    verdicts = _count([a.record.verdict for a in assets])
    page.title("Finished assets", verdicts or "none: every angle was refused")
    for start in range(0, len(assets), CARD_COLUMNS):
        _asset_row(page, assets[start : start + CARD_COLUMNS])
    if left_out:
        _left_out(page, left_out)
    page.row(FOOTER_PX)
    return page.png()


def _count(states: list[str]) -> str:
    return "  ·  ".join(f"{states.count(state)} {state}" for state in TONES if state in states)


def _left_out(page: Page, left_out: Sequence[LeftOut]) -> None:
    """Name the files that no step used, by reason."""
    page.title(
        "Left out", "1 file that no step used" if len(left_out) == 1 else f"{len(left_out)} files that no step used"
    )
    lines = [line for part in by_reason(left_out) for line in wrapped(part, WIDTH_PX - 2 * MARGIN_PX, 20, 3)]
    _, draw = page.row(30 * len(lines))
    for number, line in enumerate(lines):
        draw_text(draw, (MARGIN_PX, 30 * number), line, 20, fill=MUTED)


def _header(page: Page, sku: str, title: str, angles: list[AngleTile], assets: list[AssetTile]) -> None:
    published = sum(asset.record.verdict == "published" for asset in assets)
    result = f"{published} of {len(assets)} assets published" if assets else "no assets"
    page.header(title or sku or "Untitled shoot", sku, result, f"{len(angles)} angles", published / max(1, len(assets)))


def _strip(page: Page, title: str, tiles: list[PhotoTile]) -> None:
    """Draw thumbnails in a regular grid, with names below."""
    page.title(title, str(len(tiles)))
    side = (WIDTH_PX - 2 * MARGIN_PX - (STRIP_COLUMNS - 1) * GAP_PX) // STRIP_COLUMNS
    height = round(side * shape_of(tiles[0].file)) if tiles else side
    for start in range(0, len(tiles), STRIP_COLUMNS):
        image, draw = page.row(height + 34)
        for column, tile in enumerate(tiles[start : start + STRIP_COLUMNS]):
            left = MARGIN_PX + column * (side + GAP_PX)
            image.paste(thumbnail(tile.file, side, height, CHECKER), (left, 0))
            name = shortened_inside(tile.name, side, 16)
            draw_text(draw, (left + side / 2, height + 6), name, 16, fill=MUTED, anchor="ma")


def _angle_row(page: Page, tiles: list[AngleTile]) -> None:
    side = card(0, CARD_COLUMNS)[1]
    texts = [wrapped(tile.picture.reason, side - 24, 18, 4) for tile in tiles]
    image, draw = page.row(side + 84 + 24 * max(len(lines) for lines in texts))
    for column, (tile, lines) in enumerate(zip(tiles, texts, strict=True)):
        left, _ = card(column, CARD_COLUMNS)
        draw.rounded_rectangle((left, 0, left + side, image.height - GAP_PX), 10, fill=CARD)
        if tile.file is None:
            draw.rounded_rectangle((left + 12, 12, left + side - 12, side - 12), 6, outline="#d4d1c9", width=2)
            draw_text(draw, (left + side / 2, side / 2), "no picture", 22, fill=MUTED, anchor="mm")
        else:
            image.paste(thumbnail(tile.file, side - 24, side - 24, CHECKER), (left + 12, 12))
        _caption(draw, (left, side), tile.picture.angle.name, tile.picture.source, lines)


def _asset_row(page: Page, tiles: list[AssetTile]) -> None:
    side = card(0, CARD_COLUMNS)[1]
    texts = [
        [f"{t.record.backdrop} · {t.record.channel}", *wrapped("; ".join(t.record.reasons), side - 24, 18, 4)]
        for t in tiles
    ]
    image, draw = page.row(side + 84 + 24 * max(len(lines) for lines in texts))
    for column, (tile, lines) in enumerate(zip(tiles, texts, strict=True)):
        left, _ = card(column, CARD_COLUMNS)
        tone = TONES[tile.record.verdict]
        draw.rounded_rectangle((left, 0, left + side, image.height - GAP_PX), 10, fill=CARD, outline=tone, width=2)
        image.paste(thumbnail(tile.file, side - 24, side - 24, PAPER), (left + 12, 12))
        _caption(draw, (left, side), tile.record.angle, tile.record.verdict, lines)


def _caption(draw: ImageDraw.ImageDraw, corner: tuple[int, int], name: str, state: str, lines: list[str]) -> None:
    left, side = corner
    room = side - 36 - pill(draw, left + side - 12, side + 4, state, TONES[state])
    draw_text(draw, (left + 12, side + 6), shortened(name, room, 22), 22, fill=INK, bold_px=0.4)
    for number, line in enumerate(lines):
        draw_text(draw, (left + 12, side + 44 + 24 * number), line, 18, fill=MUTED)
