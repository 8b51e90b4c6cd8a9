"""Sizes of a product in mm: read from shoot.yaml's attributes, and continued by its proportion."""

import re
from collections.abc import Mapping
from fractions import Fraction
from typing import Literal

from pipeline.language.evidence.proportion import Proportion

Side = Literal["height", "width", "depth"]
NAMES: Mapping[str, Side] = {
    "height": "height", "höhe": "height", "hauteur": "height",
    "width": "width", "breite": "width", "largeur": "width",
    "depth": "depth", "tiefe": "depth", "profondeur": "depth",
}  # fmt: skip
MM = {
    "mm": 1.0, "millimetre": 1.0, "millimetres": 1.0, "millimeter": 1.0, "millimeters": 1.0,
    "cm": 10.0, "centimetre": 10.0, "centimetres": 10.0, "centimeter": 10.0, "centimeters": 10.0,
    "m": 1000.0, "metre": 1000.0, "metres": 1000.0, "meter": 1000.0, "meters": 1000.0,
    "in": 25.4, "inch": 25.4, "inches": 25.4, '"': 25.4, "″": 25.4, "zoll": 25.4, "pouces": 25.4,
    "ft": 304.8, "foot": 304.8, "feet": 304.8,
}  # fmt: skip
VULGAR = {"¼": "1/4", "½": "1/2", "¾": "3/4", "⅛": "1/8", "⅜": "3/8", "⅝": "5/8", "⅞": "7/8"}
LENGTH = re.compile(r"(?:(\d+)[ -])?(\d+/[1-9]\d*)|(\d+(?:[.,]\d+)?)")


def length_mm(text: str) -> float | None:
    """One length in mm, for example `95 mm`, `9,5 cm`, `3 3/4 in`, `3.75"`. None for anything else.

    Several numbers, as in `10 x 20 cm`, are no one length.
    """
    plain = text.strip().casefold()
    for sign, fraction in VULGAR.items():
        plain = plain.replace(sign, f" {fraction}")
    plain = " ".join(plain.split())
    found = LENGTH.match(plain)
    unit = plain[found.end() :].strip().rstrip(".") if found else ""
    if found is None or unit not in MM:
        return None
    whole, fraction, number = found.groups()
    value = float(number.replace(",", ".")) if number else float(Fraction(fraction)) + float(whole or 0)
    return value * MM[unit] if value > 0 else None


def given_mm(attributes: Mapping[str, str]) -> dict[Side, float]:
    """The height, width and depth that attributes state, mm."""
    found: dict[Side, float] = {}
    for name, value in attributes.items():
        side, size = NAMES.get(name.strip().casefold()), length_mm(value)
        if side and size:
            found[side] = size
    return found


def sizes_mm(given: Mapping[Side, float], proportion: Proportion | None) -> dict[Side, float]:
    """The sizes that are not given, to two digits, mm. Empty without a given size or without a proportion."""
    if proportion is None:
        return {}
    relative: dict[Side, float] = {"height": proportion.height, "width": 1.0}
    if proportion.depth is not None:
        relative["depth"] = proportion.depth
    known: list[Side] = [side for side in ("height", "width", "depth") if side in given and side in relative]
    if not known:
        return {}
    unit = given[known[0]] / relative[known[0]]
    return {side: float(f"{size * unit:.2g}") for side, size in relative.items() if side not in given}
