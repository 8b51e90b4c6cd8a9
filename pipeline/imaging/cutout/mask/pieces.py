"""Chooses the product among the pieces of a matte; the colour chart, the mat's edge, hands and crumbs go.

Every limit is a share of the picture or of the main piece, so the choice is the same at any resolution.
"""

from dataclasses import dataclass

import cv2
import numpy as np

from pipeline.core.arrays import F32, I32, I64, Alpha, Mask, Pixels, Rgb

SIDE_PX = 512  # the long side at which pieces are told apart
SOLID_LEVEL = 40  # of 255: a thin chain fades when it is reduced, but its links stay connected
AIM_SHARE = 0.22  # of the picture's diagonal: spread of the distances between the product and the picture's centre
SPECK_SHARE = 0.02  # of the main piece's area: what is smaller is a crumb, unless it lies within the product's outline
PEER_SHARE = 0.5  # of the main piece's area: as large as another product of the same photo
CENTRAL_SHARE = 0.5  # of the main piece's nearness to the centre: one of a pair stands beside it as the other does
ALIKE_SHARE = 0.15  # of the main piece's area: enough if the piece has the main piece's colours
LINK_SHARE = 0.0005  # of the main piece's area: smaller than a chain's link inside the convex outline
NEAR_SHARE = (
    0.1  # of the main piece's size (square root of its hull): closer pieces are parts of it; thrice this for a chain
)
COLOURS_ALIKE = 0.5  # overlap of two colour histograms, 0 to 1


@dataclass(frozen=True)
class Dropped:
    """A piece that is not the product. `share`: of the kept area. `x`, `y`: its centre, 0 to 1 of the picture."""

    share: float
    x: float
    y: float

    def __str__(self) -> str:
        """`4.1% at the top left`, the share of the product's area and the place in the picture."""
        rows, columns = ("top", "", "bottom"), ("left", "", "right")
        place = " ".join(filter(None, (rows[min(2, int(self.y * 3))], columns[min(2, int(self.x * 3))])))
        return f"{self.share:.1%} at the {place or 'centre'}"


@dataclass(frozen=True)
class Pieces:
    """`kept`: mask [h, w] of the product. `dropped`: the other pieces, the largest first."""

    kept: Mask
    dropped: tuple[Dropped, ...]


def product_pieces(mask: Mask, rgb: Rgb | None = None) -> Pieces:
    """Choose the product among the connected pieces of a mask [h, w].

    The main piece is large and near the picture's centre, where cameras aim. Pieces inside its convex outline or close
    to it are parts of it. Another one stays if it stands about as near to the centre, and is about as large or, in
    `rgb` [h, w, 3], has the same colours.
    """
    count, labels, stats, centres = cv2.connectedComponentsWithStats(np.asarray(mask, np.uint8), connectivity=8)
    if count < 2:
        return Pieces(np.zeros(mask.shape, bool), ())
    areas = stats[:, cv2.CC_STAT_AREA].astype(np.int64)
    areas[0] = 0
    central = _centrality(mask, labels, stats)
    main = int(np.argmax(areas * central))
    hull = _hull(np.asarray(labels == main))
    thin = 1 - min(1.0, 2 * float(areas[main]) / float(hull.sum()))  # 0 for a body, 1 for a chain
    reach = max(1.0, NEAR_SHARE * (1 + 2 * thin) * float(hull.sum()) ** 0.5)
    close = _inside(cv2.distanceTransform(1 - hull, cv2.DIST_L2, 5) <= reach, labels, areas)
    kept = np.zeros(count, bool)
    kept[main] = True
    for index in np.flatnonzero(areas >= SPECK_SHARE * areas[main]):
        peer = areas[index] >= PEER_SHARE * areas[main]
        if not peer and rgb is not None and areas[index] >= ALIKE_SHARE * areas[main]:
            peer = _overlap(_histogram(rgb, labels == main), _histogram(rgb, labels == index)) >= COLOURS_ALIKE
        kept[index] |= bool(close[index] >= 0.5 or (peer and central[index] >= CENTRAL_SHARE * central[main]))
    kept |= (_inside(hull > 0, labels, areas) > 0.9) & (areas >= LINK_SHARE * areas[main])
    kept[0] = False
    return Pieces(kept[labels], _dropped(areas, centres, kept, mask.shape))


def product_of(rgb: Rgb, alpha: Alpha) -> tuple[Alpha, tuple[Dropped, ...]]:
    """The matte [h, w] of a photo [h, w, 3] with the product alone, and the pieces that went, the largest first."""
    height, width = alpha.shape
    factor = min(1.0, SIDE_PX / max(height, width))
    size = max(1, round(width * factor)), max(1, round(height * factor))
    small = np.asarray(cv2.resize(rgb, size, interpolation=cv2.INTER_AREA), np.uint8)
    pieces = product_pieces(cv2.resize(alpha, size, interpolation=cv2.INTER_AREA) >= SOLID_LEVEL, small)
    if not pieces.dropped:
        return alpha, ()
    near = cv2.dilate(np.asarray(pieces.kept, np.uint8), np.ones((7, 7), np.uint8))
    large = cv2.resize(near, (width, height), interpolation=cv2.INTER_NEAREST)
    return np.where(large > 0, alpha, 0).astype(np.uint8), pieces.dropped


def _centrality(mask: Mask, labels: I32, stats: I32) -> F32:
    """How near each piece's pixels lie to the picture's centre on average, 0 to 1, [count]; less if cut off."""
    height, width = mask.shape
    y, x = np.mgrid[0:height, 0:width]
    away = np.hypot(x - width / 2, y - height / 2) / np.hypot(height, width)
    near = np.exp(-np.square(away / AIM_SHARE) / 2)
    flat = labels.ravel()
    mean = np.bincount(flat, near.ravel(), minlength=len(stats)) / np.maximum(
        np.bincount(flat, minlength=len(stats)), 1
    )
    return np.asarray(mean * np.where(_cut_off(stats, mask.shape), 0.5, 1.0), np.float32)


def _cut_off(stats: I32, shape: tuple[int, ...]) -> Mask:
    """Whether the picture's border cuts off each piece, [count]."""
    left, top = stats[:, cv2.CC_STAT_LEFT], stats[:, cv2.CC_STAT_TOP]
    right, bottom = left + stats[:, cv2.CC_STAT_WIDTH], top + stats[:, cv2.CC_STAT_HEIGHT]
    return np.asarray((left <= 1) | (top <= 1) | (right >= shape[1] - 1) | (bottom >= shape[0] - 1))


def _hull(piece: Mask) -> Pixels:
    """The convex outline of a piece, filled with 1, [h, w]."""
    hull = np.zeros(piece.shape, np.uint8)
    cv2.fillConvexPoly(hull, cv2.convexHull(cv2.findNonZero(np.asarray(piece, np.uint8))), 1)
    return hull


def _inside(region: Mask, labels: I32, areas: I64) -> F32:
    """Share of each piece's area that lies in a region [h, w], [count]."""
    inside = np.bincount(labels[region], minlength=len(areas))
    return np.asarray(inside / np.maximum(areas, 1), np.float32)


def _histogram(rgb: Rgb, piece: Mask) -> F32:
    """Colours of a piece in 8 x 8 x 8 bins of Lab, their sum 1."""
    lab = cv2.cvtColor(rgb, cv2.COLOR_RGB2LAB)
    histogram = cv2.calcHist([lab], [0, 1, 2], np.asarray(piece, np.uint8), [4, 16, 16], [0, 256] * 3)
    return np.asarray(histogram / max(float(histogram.sum()), 1.0), np.float32)


def _overlap(first: F32, second: F32) -> float:
    return float(np.minimum(first, second).sum())


def _dropped(areas: I64, centres: F32, kept: Mask, shape: tuple[int, ...]) -> tuple[Dropped, ...]:
    whole = max(1, int(areas[kept].sum()))
    gone = [index for index in np.argsort(-areas, kind="stable") if areas[index] > 0 and not kept[index]]
    return tuple(
        Dropped(float(areas[i] / whole), float(centres[i][0] / shape[1]), float(centres[i][1] / shape[0])) for i in gone
    )
