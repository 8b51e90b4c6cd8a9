"""Check the product's outline: no growth over the backdrop ("object expansion"), no change outside it, no halo."""

import cv2
import numpy as np

from pipeline.core.arrays import F32, Mask, Rgb
from pipeline.core.records import Check
from pipeline.imaging.checks.evidence import Evidence, finding, in_any_channel

RING_PX = 6  # how far outside the matte growth is measured; other checks notice more
VISIBLE_DE = 8.0  # CIE76; a codec's ringing beside an edge stays below it
GROWN_AT_MOST_PX = 0.3
IOU_AT_LEAST = 0.985
HALO_AT_MOST = 3.0  # L*


def check_edges(evidence: Evidence) -> tuple[Check, ...]:
    """Check exactness outside the matte, growth of the outline, mask IoU, and the edge's excess lightness."""
    alpha, where = evidence.product.alpha, evidence.product.where
    if not (alpha >= 0.5).any():
        return ()
    decoded = evidence.decoded[where]
    outside = (alpha == 0).astype(np.uint8)
    distance = cv2.distanceTransform(outside, cv2.DIST_L2, 5)
    ring = (distance > 0) & (distance <= RING_PX)
    grown = np.zeros(ring.shape, dtype=bool)
    grown[ring] = _delta76(decoded[ring], evidence.empty[where][ring]) > VISIBLE_DE
    return (
        _untouched(evidence),
        *_growth(alpha, grown),
        _halo(decoded, evidence.expected, alpha, distance),
    )


def outline_px(alpha: F32) -> int:
    """Length of the outline: the number of pixels that are at least half opaque and touch one that is not."""
    solid = (alpha >= 0.5).astype(np.uint8)
    return int((solid - cv2.erode(solid, np.ones((3, 3), np.uint8))).sum())


def _untouched(evidence: Evidence) -> Check:
    changed = int((in_any_channel(evidence.image != evidence.empty) & (evidence.alpha == 0)).sum())
    words = (
        "the backdrop outside the matte is unchanged"
        if changed == 0
        else f"{changed} px outside the matte differ from the backdrop: the product's outline has grown"
    )
    return finding("outside_exact", changed, "px", words, threshold=0, passed=changed == 0, severity="reject")


def _growth(alpha: F32, grown: Mask) -> tuple[Check, ...]:
    growth = float(grown.sum()) / max(1, outline_px(alpha))
    solid = alpha >= 0.5
    iou = float(solid.sum()) / float((solid | grown).sum())
    passed = growth <= GROWN_AT_MOST_PX
    words = f"the outline extends {growth:.2f} px beyond the matte" + ("" if passed else ": the product has grown")
    same = iou >= IOU_AT_LEAST
    return (
        finding("outline_growth", growth, "px", words, threshold=GROWN_AT_MOST_PX, passed=passed, severity="reject"),
        finding(
            "mask_iou",
            iou,
            "ratio",
            f"the matte and the mask in the file overlap by {iou:.1%}",
            threshold=IOU_AT_LEAST,
            passed=same,
            severity="review",
        ),
    )


def _halo(decoded: Rgb, expected: Rgb, alpha: F32, distance: F32) -> Check:
    """Mean lightness of the file minus its expected lightness, on the soft edge and 2 px around it."""
    edge = (alpha < 1) & (distance <= 2)
    if not edge.any():
        edge = distance <= 2
    excess = float(np.mean(_lab(decoded[edge])[:, 0] - _lab(expected[edge])[:, 0]))
    passed = abs(excess) <= HALO_AT_MOST
    words = f"the edge is {abs(excess):.1f} L* {'lighter' if excess > 0 else 'darker'} than expected"
    return finding(
        "halo", excess, "L*", words + ("" if passed else ": a halo"), threshold=HALO_AT_MOST, passed=passed,
        severity="reject",
    )  # fmt: skip


def _lab(colours: Rgb) -> F32:
    """Convert sRGB colours [n, 3] to CIE Lab, float32 [n, 3]."""
    lab: F32 = cv2.cvtColor(colours[None].astype(np.float32) / np.float32(255), cv2.COLOR_RGB2Lab)
    return lab[0]


def _delta76(first: Rgb, second: Rgb) -> F32:
    if first.size == 0:
        return np.zeros(0, dtype=np.float32)
    distance: F32 = np.linalg.norm(_lab(first) - _lab(second), axis=-1)
    return distance
