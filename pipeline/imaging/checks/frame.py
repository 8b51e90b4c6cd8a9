"""Check the frame around the product: backdrop, fill, margins, enlargement, cut-off parts and loose pieces."""

import cv2
import numpy as np

from pipeline.core.records import Check
from pipeline.imaging.checks.evidence import Evidence, finding
from pipeline.imaging.checks.fidelity import block_deltas
from pipeline.imaging.compositing.framing import SEEN, Box, box_of

BACKDROP_DE_P95 = 1.5  # a JPEG returns flat neutral blocks up to one level off, which is up to 0.9
AVIF_DE = 0.7  # libyuv, through which every 8-bit AVIF passes, is up to two levels off at any quality
CUT_OFF_AT_MOST = 0.02
LOOSE_AT_MOST = 0.002


def check_frame(evidence: Evidence) -> tuple[Check, ...]:
    """Check backdrop, fill, margins, enlargement, cut-off parts and loose pieces."""
    if not evidence.solid.any():
        return ()
    solid = evidence.alpha >= 0.5
    box = _visible_box(evidence) if evidence.channel.pure_white else box_of(solid)
    return (
        check_backdrop_colour(evidence),
        *_fill(evidence, box),
        _enlargement(evidence),
        _cut_off(evidence),
        _loose(evidence),
    )


def check_backdrop_colour(evidence: Evidence) -> Check:
    """Check the decoded backdrop: pure white where the channel requires it, else the requested colours."""
    guard_px = evidence.channel.white_guard_px
    clear = (evidence.alpha < SEEN).astype(np.uint8)
    far = cv2.distanceTransform(clear, cv2.DIST_L2, 5) > guard_px
    if evidence.channel.pure_white:
        levels = evidence.darkest[far]
        off, lowest = int((levels != 255).sum()), int(levels.min(initial=255))
        words = f"the background is pure white farther than {guard_px} px from the product"
        if off:
            words = f"{off} px of the background are not pure white; the darkest is {lowest}"
        return finding("white_background", lowest, "level", words, threshold=255, passed=off == 0, severity="reject")
    deltas = block_deltas(evidence.empty, evidence.decoded, far)
    off_by = float(np.percentile(deltas, 95)) if deltas.size else 0.0
    most = BACKDROP_DE_P95 + (AVIF_DE if evidence.channel.media_type == "image/avif" else 0.0)
    words = f"the backdrop is within {off_by:.2f} dE2000 of the requested one"
    return finding("backdrop_colour", off_by, "dE2000", words, threshold=most, passed=off_by <= most, severity="reject")


def _visible_box(evidence: Evidence) -> Box:
    """The product's box as a shop's own check finds it: the pixels that are not nearly white."""
    visible = evidence.darkest < 250
    return box_of(visible) if visible.any() else Box(0, 0, 0, 0)


def _fill(evidence: Evidence, box: Box) -> tuple[Check, ...]:
    h, w = evidence.alpha.shape
    channel = evidence.channel
    share = max(box.width / w, box.height / h)
    margin = min(box.left, box.top, w - box.right, h - box.bottom) / min(h, w)
    full, free = share >= channel.fill_at_least, margin >= channel.margin_at_least - 1.5 / min(h, w)
    fill_words = f"the product fills {share:.0%} of the frame"
    free_words = f"{margin:.1%} of the frame is free on the tightest side of the product"
    required = f"; {channel.title} requires"
    return (
        finding(
            "fill",
            share,
            "share",
            fill_words + ("" if full else f"{required} {channel.fill_at_least:.0%}"),
            threshold=channel.fill_at_least,
            passed=full,
            severity="reject",
        ),
        finding(
            "margin",
            margin,
            "share",
            free_words + ("" if free else f"{required} {channel.margin_at_least:.0%}"),
            threshold=channel.margin_at_least,
            passed=free,
            severity="reject",
        ),
    )


def _enlargement(evidence: Evidence) -> Check:
    """Check by how much the edits and the channel's frame together enlarge the picture.

    A rendered picture may have more pixels than the photos had when its splat was fitted: those count, not its own.
    """
    placed, most = evidence.placement.scale, evidence.channel.upscale_at_most
    scale = placed * max(1.0, evidence.resized, evidence.resized / evidence.fitted)
    passed = round(scale, 6) <= most
    what = "photo" if evidence.source == "captured" else "rendered picture"
    words = f"the {what} is shown at {scale:.2f} times its own size"
    if evidence.fitted < 1:
        words = f"the {what} is shown at {scale:.2f} times the size at which its splat was fitted"
        if not passed:
            words += ", which makes it soft; fit the splat larger, or photograph this angle"
    elif not passed:
        words = f"the {what} is enlarged {scale:.1f} times, which makes it soft; shoot closer or with more pixels"
    return finding("enlargement", scale, "ratio", words, threshold=most, passed=passed, severity="review")


def _cut_off(evidence: Evidence) -> Check:
    """Check what share of the product's outline lies on the edge of the photo."""
    solid = evidence.solid
    on_edge = int(solid[0].sum() + solid[-1].sum() + solid[:, 0].sum() + solid[:, -1].sum())
    around = 2 * (box_of(solid).width + box_of(solid).height)
    share = on_edge / around
    passed = share <= CUT_OFF_AT_MOST
    words = "the photo shows the whole product" if passed else "the product is cut off by the edge of the photo"
    return finding("cut_off", share, "share", words, threshold=CUT_OFF_AT_MOST, passed=passed, severity="review")


def _loose(evidence: Evidence) -> Check:
    """Check for visible pieces apart from the product: specks, remains of the backdrop, a second object."""
    alpha, kept = evidence.picture[..., 3], evidence.solid
    reach = max(3, round(0.01 * max(alpha.shape))) | 1
    near = cv2.dilate(kept.astype(np.uint8), np.ones((reach, reach), np.uint8)).astype(bool)
    share = float(((alpha >= 26) & ~near).sum()) / float(kept.sum())
    passed = share <= LOOSE_AT_MOST
    words = f"{share:.2%} of what is visible lies apart from the product" + ("" if passed else ": loose pieces")
    return finding("loose_pieces", share, "share", words, threshold=LOOSE_AT_MOST, passed=passed, severity="review")
