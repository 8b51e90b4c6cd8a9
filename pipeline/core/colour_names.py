"""Colours as people write them."""

import re
from typing import Any


def hex_colour(value: Any) -> Any:
    """`#rrggbb` for `#rgb` and for the name of a CSS colour; any other value unchanged."""
    if not isinstance(value, str):
        return value
    if re.fullmatch(r"#[0-9A-Fa-f]{3}", value):
        return "#" + "".join(digit * 2 for digit in value[1:])
    from PIL.ImageColor import colormap

    named = colormap.get(value.strip().lower())
    return named if isinstance(named, str) else value
