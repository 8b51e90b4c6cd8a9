"""Names the colours of a cut-out product, as a shop would name them, from measured CIELAB values (D65, 2 degrees)."""

from typing import NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray
from skimage.color import deltaE_ciede2000, rgb2lab

from pipeline.core.domain import Frozen
from pipeline.core.errors import Held

OPAQUE = 230  # alpha from which a pixel shows the product alone
SAMPLES = 12_000
CLUSTERS = 6
SHADE_STEP, SHADE_HUE = 12.0, 8.0  # in L and in (a, b): what lies closer is one colour, more or less lit


class Named(NamedTuple):
    """A colour name, an sRGB colour that everybody calls so, and the family in which shades of it are one colour."""

    name: str
    rgb: str
    family: str


TABLE = (
    Named("black", "101010", "black"),
    Named("charcoal", "3a3d40", "grey"),
    Named("grey", "808080", "grey"),
    Named("light grey", "c2c2c2", "grey"),
    Named("white", "f6f6f5", "white"),
    Named("cream", "f1e7cd", "cream"),
    Named("beige", "d6c1a0", "beige"),
    Named("tan", "b98d5e", "brown"),
    Named("brown", "70462a", "brown"),
    Named("dark brown", "3b2518", "brown"),
    Named("terracotta", "b7573b", "orange"),
    Named("orange", "ee7d1e", "orange"),
    Named("coral", "f0775f", "orange"),
    Named("red", "c6212b", "red"),
    Named("dark red", "7d1822", "red"),
    Named("burgundy", "561b2e", "red"),
    Named("pink", "efa5b9", "pink"),
    Named("bright pink", "dc3f8b", "pink"),
    Named("mustard", "c7982f", "yellow"),
    Named("yellow", "f2d332", "yellow"),
    Named("pale yellow", "f3e69c", "yellow"),
    Named("olive", "6e6f2e", "green"),
    Named("lime green", "a4cd3b", "green"),
    Named("green", "318e47", "green"),
    Named("dark green", "1f4a2f", "green"),
    Named("mint", "aadbc1", "green"),
    Named("teal", "1a807e", "teal"),
    Named("turquoise", "42bdbf", "teal"),
    Named("light blue", "a6cae6", "blue"),
    Named("blue", "2b62b7", "blue"),
    Named("navy", "1d2b52", "blue"),
    Named("purple", "6b3c91", "purple"),
    Named("lavender", "bfaadb", "purple"),
)
FAMILIES = {named.name: named.family for named in TABLE}
_RGB = np.array([[int(named.rgb[at : at + 2], 16) for at in (0, 2, 4)] for named in TABLE], dtype=np.uint8)
_LAB: NDArray[np.float64] = rgb2lab(_RGB[:, None])[:, 0]


class ColourShare(Frozen):
    """A colour of the product and the share of its visible surface, 0 to 1, counting all shades of its family."""

    name: str
    family: str
    share: float
    lab: tuple[float, float, float]


def name_of(lab: NDArray[np.float64]) -> Named:
    """The name of a CIELAB colour [3]: the nearest of `TABLE` by CIEDE2000."""
    return TABLE[int(np.argmin(deltaE_ciede2000(_LAB, lab[None])))]


def colours_of(picture: NDArray[np.uint8]) -> tuple[ColourShare, ...]:
    """The colours of a cut-out product, largest share first; shades of one family are one colour, named by the largest.

    `picture`: [height, width, 4] uint8 sRGB, straight alpha. The same picture always gives the same answer. Raises Held
    when it shows no product.
    """
    pixels = picture[picture[..., 3] >= OPAQUE][:, :3]
    if len(pixels) < CLUSTERS:
        raise Held("the picture shows no product: nothing in it is opaque", remedy="Look at the cut-out of this angle")
    sample = pixels[:: max(1, len(pixels) // SAMPLES)]
    lab: NDArray[np.float64] = rgb2lab(sample[:, None])[:, 0]
    weighted = (lab * (0.6, 1.0, 1.0)).astype(np.float32)  # shading changes lightness, seldom hue
    cv2.setRNGSeed(0)
    enough = (cv2.TERM_CRITERIA_EPS + cv2.TERM_CRITERIA_MAX_ITER, 30, 0.1)
    start = np.zeros((len(weighted), 1), dtype=np.int32)
    _, labels, _ = cv2.kmeans(weighted, CLUSTERS, start, enough, 2, cv2.KMEANS_PP_CENTERS)
    return _by_family(lab, labels[:, 0])


def _by_family(lab: NDArray[np.float64], labels: NDArray[np.int32]) -> tuple[ColourShare, ...]:
    """Clusters that shading may have parted become one, then all of one family."""
    shares: dict[str, list[tuple[float, str, NDArray[np.float64]]]] = {}
    for group in _unshaded(lab, labels):
        members = lab[np.isin(labels, group)]
        centre = np.median(members, axis=0)
        centre[0] = np.percentile(
            members[:, 0], 80
        )  # shadow darkens a product's colour; little in a studio brightens it
        named = name_of(centre)
        shares.setdefault(named.family, []).append((len(members) / len(lab), named.name, centre))
    found = []
    for family, parts in shares.items():
        largest = max(parts, key=lambda part: part[0])
        values = (float(largest[2][0]), float(largest[2][1]), float(largest[2][2]))
        total = round(sum(part[0] for part in parts), 4)
        found.append(ColourShare(name=largest[1], family=family, share=total, lab=values))
    return tuple(sorted(found, key=lambda colour: -colour.share))


def _unshaded(lab: NDArray[np.float64], labels: NDArray[np.int32]) -> list[list[int]]:
    """Labels in groups: a soft shadow gives a chain of clusters of one hue, each a little darker than the last."""
    centres = {int(label): np.median(lab[labels == label], axis=0) for label in np.unique(labels)}
    groups: list[list[int]] = []
    for label in sorted(centres, key=lambda label: -float(centres[label][0])):
        near = [group for group in groups if any(_one_hue(centres[label], centres[other]) for other in group)]
        groups = [group for group in groups if group not in near] + [[label, *(other for g in near for other in g)]]
    return groups


def _one_hue(first: NDArray[np.float64], second: NDArray[np.float64]) -> bool:
    step, hue = abs(first[0] - second[0]), np.hypot(*(first[1:] - second[1:]))
    return bool(step <= SHADE_STEP and hue <= SHADE_HUE)
