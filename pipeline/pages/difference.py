"""A picture of where two versions of an asset differ."""

from typing import TYPE_CHECKING

from pipeline.contract.store import Store
from pipeline.core.arrays import Rgb
from pipeline.core.disk_cache import DiskCache
from pipeline.pages.thumbnails import Side, encoded, open_picture

if TYPE_CHECKING:
    from PIL import Image

VERSION = 1
UNSEEN = 4  # levels of 255 by which JPEG alone changes a pixel
STRONGEST = 64  # levels from which the mark is opaque
MARK = (214, 40, 57)


def difference_picture(store: Store, cache: DiskCache, old: str, new: str, side: Side) -> bytes:
    """The new version in pale grey with the pixels that differ from the old one in red, JPEG, at most `side` px.

    An old version of another size is scaled to the new one's. Raises BadInput when one of them is not in the store.
    """
    return cache.get(f"difference {VERSION} {old} {new} {side}", lambda: _make(store, old, new, side))


def _make(store: Store, old: str, new: str, side: int) -> bytes:
    import numpy as np
    from PIL import Image

    after = _picture(store, new, side)
    before = _picture(store, old, side).resize(after.size)
    was, now = (np.asarray(picture, np.float32) for picture in (before, after))
    change = np.abs(now - was).max(axis=2)
    share = np.clip((change - UNSEEN) / (STRONGEST - UNSEEN), 0, 1)[..., None]
    grey = 140 + 0.45 * (now.mean(axis=2, keepdims=True))
    shown: Rgb = (grey * (1 - share) + np.array(MARK, np.float32) * share).round().astype(np.uint8)
    return encoded(Image.fromarray(shown))


def _picture(store: Store, sha256: str, side: int) -> "Image.Image":
    with open_picture(store, sha256) as file:
        picture = file.convert("RGB")
    picture.thumbnail((side, side))
    return picture
