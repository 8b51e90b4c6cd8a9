"""The page that sheets are drawn on: a dark header, titled sections, rows of cards."""

import numpy as np
from PIL import Image, ImageDraw

from pipeline.core.png import encode_small_png
from pipeline.core.text import draw_text, length_px, shortened
from pipeline.imaging.sheet.tiles import GREEN, INK, MUTED, PAPER

WIDTH_PX, MARGIN_PX, GAP_PX = 2000, 56, 14
HEADER_PX, TITLE_PX = 168, 76
PNG_LEVEL = 6  # a quarter of the time of level 9 for 2% more bytes
ON_INK = "#b9b6ae"


class Page:
    """A page that is filled from top to bottom. Each row is a separate image until the page is assembled."""

    def __init__(self) -> None:
        self.rows: list[Image.Image] = []

    def row(self, height_px: int) -> tuple[Image.Image, ImageDraw.ImageDraw]:
        """Append an empty row and return its image and drawing context."""
        image = Image.new("RGB", (WIDTH_PX, height_px), PAPER)
        self.rows.append(image)
        return image, ImageDraw.Draw(image)

    def header(self, title: str, subtitle: str, result: str, detail: str, share: float) -> None:
        """Append the header; a green bar below it is as long as `share`, 0 to 1, of the page."""
        _, draw = self.row(HEADER_PX)
        draw.rectangle((0, 0, WIDTH_PX, HEADER_PX - 24), fill=INK)
        room = WIDTH_PX - 2 * MARGIN_PX - 40 - max(length_px(result, 32), length_px(detail, 24))
        draw_text(draw, (MARGIN_PX, 24), shortened(title, room, 46), 46, fill="white", bold_px=0.6)
        draw_text(draw, (MARGIN_PX, 90), shortened(subtitle, room, 24), 24, fill=ON_INK)
        draw_text(draw, (WIDTH_PX - MARGIN_PX, 40), result, 32, fill="white", anchor="ra")
        draw_text(draw, (WIDTH_PX - MARGIN_PX, 90), detail, 24, fill=ON_INK, anchor="ra")
        draw.rectangle((0, HEADER_PX - 30, int(WIDTH_PX * share), HEADER_PX - 24), fill=GREEN)

    def title(self, title: str, subtitle: str) -> None:
        """Append the title of a section."""
        _, draw = self.row(TITLE_PX)
        draw_text(draw, (MARGIN_PX, 18), title, 32, fill=INK, bold_px=0.5)
        left = MARGIN_PX + length_px(title, 32) + 24
        draw_text(draw, (left, 27), shortened(subtitle, WIDTH_PX - MARGIN_PX - left, 24), 24, fill=MUTED)

    def png(self) -> bytes:
        """Assemble the rows into one PNG."""
        page = Image.new("RGB", (WIDTH_PX, sum(row.height for row in self.rows)), PAPER)
        top = 0
        for row in self.rows:
            page.paste(row, (0, top))
            top += row.height
        return encode_small_png(np.asarray(page), PNG_LEVEL)


def card(column: int, columns: int) -> tuple[int, int]:
    """Left edge and width, px, of a card in a row of `columns`."""
    side = (WIDTH_PX - 2 * MARGIN_PX - (columns - 1) * GAP_PX) // columns
    return MARGIN_PX + column * (side + GAP_PX), side
