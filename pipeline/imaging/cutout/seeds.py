"""Evidence of a whole shoot about one photo: where the product surely is, and where it surely is not."""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from pathlib import Path

from pipeline.core.arrays import Mask, Pixels, Rgb
from pipeline.imaging.cutout.verdict.agreement import ShapeFits

Seeds = Pixels  # [h, w] uint8: PRODUCT surely product, BACKDROP surely not, between them how likely; UNKNOWN no idea
BACKDROP, UNKNOWN, PRODUCT = 0, 128, 255
SIDE_PX = 384  # long side of the seeds
Correct = Callable[[Mapping[str, Mask], Collection[str]], Mapping[str, Seeds]]
"""Better seeds for some photos, from the silhouettes of all (photo -> [h, w] bool), of which theirs do not count."""


@dataclass(frozen=True)
class ShootSeeds:
    """`seeds`: by photo; a photo without evidence is left out. `why`: what they rest on, or why there are none.

    `fits`: how far the mattes cut from the seeds contradict the shape that they show together; None if nothing tells.
    `correct`: corrects the seeds by that shape; None if nothing tells.
    """

    seeds: Mapping[str, Seeds]
    why: str
    fits: ShapeFits | None = None
    correct: Correct | None = None


def small_photo(path: Path, side_px: int = SIDE_PX) -> Rgb:
    """A photo [h, w, 3], reduced to `side_px` on its long side. Raises BadInput if it cannot be read."""
    from pipeline.core.photo.decode import read_photo
    from pipeline.imaging.cutout.mask.outline import reduced

    return reduced(read_photo(path).rgb, side_px)
