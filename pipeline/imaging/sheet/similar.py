"""The sheet of `catalog similar`: what was asked for, and the pictures most alike to it with their likeness."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from pipeline.core.text import draw_text, shortened_inside
from pipeline.imaging.sheet.page import GAP_PX, Page, card
from pipeline.imaging.sheet.tiles import AMBER, BLUE, CARD, CHECKER, GREY, INK, MUTED, pill, thumbnail

COLUMNS = 5
FOOTER_PX = 40


@dataclass(frozen=True)
class SimilarTile:
    """One picture. `name`: of its product; `detail`: which picture of it. `alike`: as alike as one product's shoots."""

    name: str
    detail: str
    file: Path
    likeness: float
    alike: bool


def similar_sheet(title: str, subtitle: str, asked: Path, hits: Sequence[SimilarTile]) -> bytes:
    """Draw the sheet as PNG: the picture asked for, then the hits, best first.

    Raises BadInput for a file that is not an image.
    """
    page = Page()
    best = max((hit.likeness for hit in hits), default=0.0)
    page.header(title, subtitle, f"{len(hits)} found", f"likeness up to {best:.2f}", max(0.0, best))
    page.title("Asked for", "")
    _row(page, [SimilarTile("this", "", asked, 1.0, False)], asked_for=True)
    page.title("Most alike", "likeness is the cosine of two vectors; 1 is the same")
    for start in range(0, len(hits), COLUMNS):
        _row(page, hits[start : start + COLUMNS])
    page.row(FOOTER_PX)
    return page.png()


def _row(page: Page, tiles: Sequence[SimilarTile], asked_for: bool = False) -> None:
    side = card(0, COLUMNS)[1]
    image, draw = page.row(side + 20 if asked_for else side + 84)
    for column, tile in enumerate(tiles):
        left = card(column, COLUMNS)[0]
        tone = GREY if asked_for else AMBER if tile.alike else BLUE
        draw.rounded_rectangle((left, 0, left + side, image.height - GAP_PX), 10, fill=CARD, outline=tone, width=2)
        image.paste(thumbnail(tile.file, side - 24, side - 24, CHECKER), (left + 12, 12))
        if asked_for:
            continue
        room = side - 36 - pill(draw, left + side - 12, side + 4, f"{tile.likeness:.3f}", tone)
        draw_text(draw, (left + 12, side + 2), shortened_inside(tile.name, room, 22), 22, fill=INK, bold_px=0.4)
        draw_text(draw, (left + 12, side + 36), shortened_inside(tile.detail, side - 24, 18), 18, fill=MUTED)
