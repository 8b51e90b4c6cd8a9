"""Colours as people write them."""

import re
from typing import Any


def hex_colour(value: Any) -> Any:
    """`#rrggbb` for `#rgb` and for the name of a CSS colour; any other value unchanged."""
    if not isinstance(value, str):
        return value
    if re.fullmatch(r"#[0-9A-Fa-f]{3}", value):
        return "#" + "".join(digit * 2 for digit in value[1:])
    from PIL.ImageColor import colormap, getrgb

    name = value.strip().lower()
    if name not in colormap:
        return value
    # not colormap's own value: getrgb replaces it with a tuple once the colour has been used in this process
    return "#" + "".join(f"{channel:02x}" for channel in getrgb(name))
