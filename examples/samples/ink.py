"""Tools for the products' textures: noise for fabric and glaze, brushes in millimetres, ink over a base."""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

Picture = NDArray[np.float32]  # [H, W, 3], sRGB, 0 to 1
Colour = tuple[int, int, int]


def noise(height: int, width: int, scale_px: tuple[float, float], seed: int) -> Picture:
    """Smooth noise [H, W] with unit standard deviation and features of about `scale_px` (y, x); it wraps in x."""
    field = np.random.default_rng(seed).standard_normal((height, width)).astype(np.float32)
    pad = int(4 * scale_px[1]) + 1
    field = np.concatenate([field[:, -pad:], field, field[:, :pad]], axis=1)
    blurred = cv2.GaussianBlur(field, (0, 0), scale_px[1], sigmaY=scale_px[0])[:, pad:-pad]
    return np.asarray(blurred / blurred.std(), dtype=np.float32)


def ink(base: Picture, colour: Colour, mask: Picture, strength: float = 1.0) -> Picture:
    """Blend `colour` over `base` where `mask` [H, W] is 1."""
    weight = np.clip(mask, 0, 1)[..., None] * strength
    return np.asarray(base * (1 - weight) + np.array(colour, dtype=np.float32) / 255 * weight, dtype=np.float32)


@dataclass
class Brush:
    """Draws the mask of one ink in mm (x right, y up, corner at `left_mm`, `bottom_mm`), supersampled twice."""

    width_px: int
    height_px: int
    px_per_mm: float
    left_mm: float = 0.0
    bottom_mm: float = 0.0

    def __post_init__(self) -> None:
        """Start with an empty mask."""
        self.image = Image.new("L", (2 * self.width_px, 2 * self.height_px))
        self.draw = ImageDraw.Draw(self.image)

    def at(self, x: float, y: float) -> tuple[float, float]:
        """The pixel of a point in millimetres."""
        k = 2 * self.px_per_mm
        return (x - self.left_mm) * k, 2 * self.height_px - (y - self.bottom_mm) * k

    def polygon(self, points: list[tuple[float, float]], fill: int = 255) -> None:
        """Fill a polygon."""
        self.draw.polygon([self.at(x, y) for x, y in points], fill=fill)

    def line(self, points: list[tuple[float, float]], width_mm: float, fill: int = 255) -> None:
        """Stroke a polyline with round joints."""
        self.draw.line(
            [self.at(x, y) for x, y in points], fill=fill, width=round(width_mm * 2 * self.px_per_mm), joint="curve"
        )

    def disc(self, x: float, y: float, radius_mm: float, fill: int = 255, ring_mm: float = 0.0) -> None:
        """Fill a disc, or stroke a ring."""
        cx, cy = self.at(x, y)
        r, k = radius_mm * 2 * self.px_per_mm, 2 * self.px_per_mm
        box = (cx - r, cy - r, cx + r, cy + r)
        if ring_mm:
            self.draw.ellipse(box, outline=fill, width=max(1, round(ring_mm * k)))
        else:
            self.draw.ellipse(box, fill=fill)

    def text(self, x: float, y: float, text: str, size_mm: float, bold_mm: float = 0.0, spacing: float = 0.0) -> None:
        """Draw text centred at a point in Pillow's built-in font; `spacing` is extra tracking, in font sizes."""
        k = 2 * self.px_per_mm
        font = ImageFont.load_default(size_mm * k)
        widths = [font.getlength(letter) + spacing * size_mm * k for letter in text]
        cx, cy = self.at(x, y)
        pen = cx - (sum(widths) - spacing * size_mm * k) / 2
        for letter, advance in zip(text, widths, strict=True):
            self.draw.text(
                (pen, cy), letter, fill=255, font=font, anchor="lm", stroke_width=round(bold_mm * k), stroke_fill=255
            )
            pen += advance

    def mask(self, mirrored: bool = False) -> Picture:
        """The mask [H, W], 0 to 1, antialiased; `mirrored` for a texture that is seen from behind."""
        small = (
            np.asarray(self.image.resize((self.width_px, self.height_px), Image.Resampling.BOX), dtype=np.float32) / 255
        )
        return small[:, ::-1] if mirrored else small
