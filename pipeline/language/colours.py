"""Names the colours of a cut-out product in a shop's terms, from measured CIELAB values (D65, 2 degrees)."""

from functools import cache
from typing import NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from pipeline.core.arrays import F64, I32
from pipeline.core.domain import Frozen
from pipeline.core.errors import Held

OPAQUE = 230  # minimum alpha of a pixel that shows only the product
SAMPLES = 12_000
CLUSTERS = 6
SHADE_STEP, SHADE_HUE = 12.0, 8.0  # in L and in (a, b): closer clusters are one colour under different light


class NamedColour(NamedTuple):
    """A colour name, its typical sRGB value in hexadecimal, and the family whose shades count as one colour."""

    name: str
    rgb: str
    family: str


TABLE = (
    NamedColour("black", "101010", "black"),
    NamedColour("charcoal", "3a3d40", "grey"),
    NamedColour("grey", "808080", "grey"),
    NamedColour("light grey", "c2c2c2", "grey"),
    NamedColour("white", "f6f6f5", "white"),
    NamedColour("cream", "f1e7cd", "cream"),
    NamedColour("beige", "d6c1a0", "beige"),
    NamedColour("tan", "b98d5e", "brown"),
    NamedColour("taupe", "8a7a69", "brown"),
    NamedColour("brown", "70462a", "brown"),
    NamedColour("dark brown", "3b2518", "brown"),
    NamedColour("terracotta", "b7573b", "orange"),
    NamedColour("orange", "ee7d1e", "orange"),
    NamedColour("coral", "f0775f", "orange"),
    NamedColour("red", "c6212b", "red"),
    NamedColour("dark red", "7d1822", "red"),
    NamedColour("burgundy", "561b2e", "red"),
    NamedColour("dusty pink", "c9a09c", "pink"),
    NamedColour("pink", "efa5b9", "pink"),
    NamedColour("bright pink", "dc3f8b", "pink"),
    NamedColour("mustard", "c7982f", "yellow"),
    NamedColour("yellow", "f2d332", "yellow"),
    NamedColour("pale yellow", "f3e69c", "yellow"),
    NamedColour("sage", "96a68c", "green"),
    NamedColour("olive", "6e6f2e", "green"),
    NamedColour("lime green", "a4cd3b", "green"),
    NamedColour("green", "318e47", "green"),
    NamedColour("dark green", "1f4a2f", "green"),
    NamedColour("mint", "aadbc1", "green"),
    NamedColour("teal", "1a807e", "teal"),
    NamedColour("turquoise", "42bdbf", "teal"),
    NamedColour("light blue", "a6cae6", "blue"),
    NamedColour("slate blue", "5c7d9e", "blue"),
    NamedColour("blue", "2b62b7", "blue"),
    NamedColour("navy", "1d2b52", "blue"),
    NamedColour("purple", "6b3c91", "purple"),
    NamedColour("lavender", "bfaadb", "purple"),
)
FAMILIES = {named.name: named.family for named in TABLE}
_RGB = np.array([[int(named.rgb[at : at + 2], 16) for at in (0, 2, 4)] for named in TABLE], dtype=np.uint8)


class ColourShare(Frozen):
    """A colour of the product and its share of the visible surface, 0 to 1, counting all shades of its family."""

    name: str
    family: str
    share: float
    lab: tuple[float, float, float]


def name_of(lab: F64) -> NamedColour:
    """The entry of `TABLE` nearest to a CIELAB colour [3] by CIEDE2000."""
    from skimage.color import deltaE_ciede2000

    return TABLE[int(np.argmin(deltaE_ciede2000(_table_lab(), lab[None])))]


def deviation_of(lab: F64, name: str) -> float:
    """CIEDE2000 between a CIELAB colour [3] and the entry of `TABLE` with this name."""
    return deviation_between(_table_lab()[[named.name for named in TABLE].index(name)], lab)


def deviation_between(first: F64, second: F64) -> float:
    """CIEDE2000 between two CIELAB colours [3]."""
    from skimage.color import deltaE_ciede2000

    return float(deltaE_ciede2000(first, second))


@cache
def _table_lab() -> F64:
    """The colours of `TABLE` in CIELAB, [N, 3]."""
    return _lab_of(_RGB)


def _lab_of(rgb: NDArray[np.uint8]) -> F64:
    """CIELAB of sRGB colours [N, 3] uint8. Planning a shoot imports this module, and scikit-image is slow to load."""
    from skimage.color import rgb2lab

    lab: F64 = rgb2lab(rgb[:, None])[:, 0]
    return lab


def colours_of(picture: NDArray[np.uint8]) -> tuple[ColourShare, ...]:
    """The colours of a cut-out product, largest share first. A family is named after its largest shade.

    `picture`: [height, width, 4] uint8 sRGB, straight alpha. Deterministic. Raises Held when no pixel is opaque.
    """
    pixels = picture[picture[..., 3] >= OPAQUE][:, :3]
    if len(pixels) < CLUSTERS:
        raise Held(
            "the picture shows no product: no pixel is opaque",
            code="caption-empty-picture",
            remedy="Check the cut-out of this angle",
        )
    sample = pixels[:: max(1, len(pixels) // SAMPLES)]
    lab = _lab_of(sample)
    weighted = (lab * (0.6, 1.0, 1.0)).astype(np.float32)  # shading changes lightness more than hue
    cv2.setRNGSeed(0)
    criteria = (cv2.TERM_CRITERIA_EPS + cv2.TERM_CRITERIA_MAX_ITER, 30, 0.1)
    start = np.zeros((len(weighted), 1), dtype=np.int32)
    _, labels, _ = cv2.kmeans(weighted, CLUSTERS, start, criteria, 2, cv2.KMEANS_PP_CENTERS)
    return _by_family(lab, labels[:, 0])


def _by_family(lab: F64, labels: I32) -> tuple[ColourShare, ...]:
    """Merge clusters that differ by shading only, then those of one family."""
    shares: dict[str, list[tuple[float, str, F64]]] = {}
    for group in _unshaded(lab, labels):
        members = lab[np.isin(labels, group)]
        centre = np.median(members, axis=0)
        centre[0] = np.percentile(members[:, 0], 80)  # shadows darken the colour; little in a studio brightens it
        named = name_of(centre)
        shares.setdefault(named.family, []).append((len(members) / len(lab), named.name, centre))
    colours = []
    for family, parts in shares.items():
        largest = max(parts, key=lambda part: part[0])
        values = (float(largest[2][0]), float(largest[2][1]), float(largest[2][2]))
        total = round(sum(part[0] for part in parts), 4)
        colours.append(ColourShare(name=largest[1], family=family, share=total, lab=values))
    return tuple(sorted(colours, key=lambda colour: -colour.share))


def _unshaded(lab: F64, labels: I32) -> list[list[int]]:
    """Group the labels of clusters that differ by shading: a soft shadow yields a chain of ever darker clusters."""
    centres = {int(label): np.median(lab[labels == label], axis=0) for label in np.unique(labels)}
    groups: list[list[int]] = []
    for label in sorted(centres, key=lambda label: -float(centres[label][0])):
        near = [group for group in groups if any(_same_hue(centres[label], centres[other]) for other in group)]
        groups = [group for group in groups if group not in near] + [[label, *(other for g in near for other in g)]]
    return groups


def _same_hue(first: F64, second: F64) -> bool:
    step, hue = abs(first[0] - second[0]), np.hypot(*(first[1:] - second[1:]))
    return bool(step <= SHADE_STEP and hue <= SHADE_HUE)
