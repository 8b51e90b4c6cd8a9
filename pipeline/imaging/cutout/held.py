"""Why a shoot's cut-outs are not good enough, in one sentence and one picture."""

from collections.abc import Sequence

from PIL import Image

from pipeline.core.errors import Held, brief
from pipeline.imaging.sheet.mattes import MatteTile, matte_sheet

OTHERS = {"seeded": "seeded (a box that is product in every photo)", "checkpoint": "checkpoint (any surroundings)"}


def product_not_found(tiles: Sequence[MatteTile], engine: str, *, photos: int | None = None) -> Held:
    """The hold of a shoot whose product was not found in the photos of the tiles that have a fault, worst first.

    `tiles`: all photos that were tried, of `photos` in the shoot (None: all). `engine`: the one that cut them, which
    the remedy does not suggest. At least one tile must have a fault.
    """
    ordered = sorted(tiles, key=lambda tile: tile.fault is None)  # keeps the order of the worst
    failed = [tile for tile in ordered if tile.fault is not None]
    total = len(tiles) if photos is None else photos
    tried = f"{len(tiles)} photos tried, of {total}" if total > len(tiles) else f"{total} photos"
    found = f"the product was not found in {len(failed)} of {tried}"
    with Image.open(failed[0].photo) as photo:
        size = f"{photo.width} x {photo.height} px"
    others = " or ".join(words for name, words in OTHERS.items() if name != engine)
    return Held(
        f"{found}: {brief(f'{tile.name}: {tile.fault}' for tile in failed)}",
        code="cutout-product-not-found",
        remedy=f"Look at the picture, then set cutout's engine to {others}, or put mattes made by hand into the shoot's"
        f" folder mattes/: mattes/{failed[0].name}.png, {size}, 8-bit gray, white where the product is",
        picture=matte_sheet(found.capitalize(), f"cutout is held; engine {engine}", ordered),
    )
