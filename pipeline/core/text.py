"""Draws text on sheets and plots: Latin, Greek, Cyrillic, Chinese, Japanese and Korean, mixed in one line.

Each character is drawn with the first of the fonts in `pipeline/core/fonts` that contains it. A character that none
contains is drawn as U+FFFD, the replacement character.
"""

import json
import unicodedata
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Literal

from PIL import ImageDraw, ImageFont

from pipeline.core.errors import BadInput

FONTS = Path(str(files("pipeline.core") / "fonts"))
LATIN, CJK = "NotoSans-Regular.ttf", "NotoSansCJKsc-Regular-subset.otf"
REPLACEMENT = "\ufffd"
SEPARATORS = frozenset({"Cc", "Zl", "Zp"})  # Unicode categories, at which Pillow cannot lay out a line
VARIATION_SELECTORS = frozenset(map(chr, range(0xFE00, 0xFE10)))
Box = tuple[float, float, float, float]  # left, top, right, bottom in px
Anchor = Literal["la", "ma", "ra", "lm", "mm", "rm", "ld", "md", "rd"]
"""As Pillow's: left, middle or right; then ascender, middle or descender of the line."""


@cache
def font(size_px: int, face: str = LATIN) -> ImageFont.FreeTypeFont:
    """One of the fonts, at a size in px. Raises BadInput when Pillow lacks FreeType."""
    try:
        return ImageFont.truetype(str(FONTS / face), size_px)
    except ImportError as error:
        raise BadInput("Pillow was built without FreeType", remedy="Install Pillow's official wheel") from error


def runs(text: str) -> list[tuple[str, str]]:
    """Split a line into (font file, characters): composed (NFC), without format marks, controls as spaces."""
    parts: list[tuple[str, str]] = []
    for character in unicodedata.normalize("NFC", text):
        kind = unicodedata.category(character)
        if kind == "Cf" or character in VARIATION_SELECTORS:
            continue
        shown = " " if kind in SEPARATORS else character
        face = next((face for face, contained in _code_points().items() if ord(shown) in contained), None)
        if face is None:
            face, shown = LATIN, REPLACEMENT
        if parts and parts[-1][0] == face:
            parts[-1] = (face, parts[-1][1] + shown)
        else:
            parts.append((face, shown))
    return parts


def length_px(text: str, size_px: int) -> float:
    """Width of a line in px."""
    return sum(font(size_px, face).getlength(part) for face, part in runs(text))


def draw_text(
    draw: ImageDraw.ImageDraw,
    at: tuple[float, float],
    text: str,
    size_px: int,
    *,
    fill: str | tuple[int, int, int],
    anchor: Anchor = "la",
    bold_px: float = 0.0,
    halo: tuple[int, int, int] | None = None,
) -> None:
    """Draw one line at a point, px. `bold_px` thickens it; `halo` is a colour drawn 2 px around it."""
    x, y = _origin(at, text, size_px, anchor)
    outline = {"stroke_width": 2.0, "stroke_fill": halo} if halo else {"stroke_width": bold_px}
    for face, part in runs(text):
        draw.text((x, y), part, font=font(size_px, face), fill=fill, anchor="ls", **outline)
        x += font(size_px, face).getlength(part)


def box_px(at: tuple[float, float], text: str, size_px: int, anchor: Anchor = "la") -> Box:
    """The box of a line drawn at a point, from its ascender to its descender."""
    x, baseline = _origin(at, text, size_px, anchor)
    ascent, descent = font(size_px).getmetrics()
    return x, baseline - ascent, x + length_px(text, size_px), baseline + descent


def shortened(text: str, width_px: float, size_px: int) -> str:
    """The text, cut and ended by dots if it is wider than `width_px`."""
    if length_px(text, size_px) <= width_px:
        return text
    while text and length_px(text + "...", size_px) > width_px:
        text = text[:-1]
    return text.rstrip(",;. ") + "..."


def shortened_inside(text: str, width_px: float, size_px: int) -> str:
    """The text, with dots in place of its middle if it is wider than `width_px`: photos differ in their last digits."""
    kept = len(text)
    while kept > 2 and length_px(_without_middle(text, kept), size_px) > width_px:
        kept -= 1
    return _without_middle(text, kept)


def wrapped(text: str, width_px: float, size_px: int, max_lines: int) -> list[str]:
    """Wrap the text into at most `max_lines` lines of `width_px`; a truncated text ends in dots."""
    lines: list[str] = []
    line = ""
    for word in text.split():
        longer = f"{line} {word}".strip()
        if line and length_px(longer, size_px) > width_px:
            lines.append(line)
            line = word
        else:
            line = longer
    lines = [*lines, line] if line else lines
    if len(lines) > max_lines:
        lines = [*lines[: max_lines - 1], lines[max_lines - 1].rstrip(",;. ") + "..."]
    return [shortened(line, width_px, size_px) for line in lines]


def _without_middle(text: str, kept: int) -> str:
    if kept >= len(text):
        return text
    end = (kept + 1) // 2
    return f"{text[: kept - end]}...{text[len(text) - end :]}"


def _origin(at: tuple[float, float], text: str, size_px: int, anchor: str) -> tuple[float, float]:
    """Where the baseline of a line starts, px."""
    ascent, descent = font(size_px).getmetrics()
    left = {"l": 0.0, "m": 0.5, "r": 1.0}[anchor[0]] * length_px(text, size_px)
    down = {"a": float(ascent), "m": (ascent - descent) / 2, "d": -float(descent)}[anchor[1]]
    return at[0] - left, at[1] + down


@cache
def _code_points() -> dict[str, frozenset[int]]:
    """The code points that each font contains, in the order of preference."""
    coverage = json.loads((FONTS / "coverage.json").read_text("utf-8"))
    return {
        face: frozenset(code for first, last in coverage[face] for code in range(first, last + 1))
        for face in (LATIN, CJK)
    }
