"""Why a shoot's cut-outs are not good enough, in one sentence and one picture."""

from collections.abc import Sequence

from PIL import Image

from pipeline.core.errors import Held
from pipeline.imaging.sheet.mattes import MatteTile, matte_sheet

NAMED = 3
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
        f"{found}: {_worst(failed)}",
        code="cutout-product-not-found",
        remedy=f"Look at the picture, then set cutout's engine to {others}, or put mattes made by hand into the shoot's"
        f" folder mattes/: mattes/{failed[0].name}.png, {size}, 8-bit gray, white where the product is",
        picture=matte_sheet(found.capitalize(), f"cutout is held; engine {engine}", ordered),
    )


def _worst(failed: Sequence[MatteTile]) -> str:
    """The first `NAMED` photos by fault, such as `P1 and P2: no product was found; P3: ...; and 4 more`."""
    names: dict[str, list[str]] = {}
    for tile in failed[:NAMED]:
        names.setdefault(tile.fault or "", []).append(tile.name)
    faults = "; ".join(f"{' and '.join([', '.join(n[:-1]), n[-1]] if n[1:] else n)}: {f}" for f, n in names.items())
    return faults + (f"; and {len(failed) - NAMED} more" if len(failed) > NAMED else "")
