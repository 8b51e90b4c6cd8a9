"""Check the product's pixels: unchanged before encoding, and visually the same in the decoded file.

Colour differences are CIEDE2000 (CIE 142-2001) between the mean colours of 8 x 8 px blocks, which are JPEG's own: they
show a colour change or a moved label, but not a codec's noise. JPEG stores 8-bit Y, Cb, Cr, which alone costs up to
0.8 dE2000 on smooth greys at any quality, so the threshold grows by what the format costs on this image.
"""

import cv2
import numpy as np
from PIL import Image

from pipeline.core.arrays import F32, F64, Mask, Rgb
from pipeline.core.records import Check
from pipeline.imaging.channels.channel import LOSSLESS
from pipeline.imaging.checks.evidence import Evidence, finding, in_any_channel

BLOCK_PX = 8
BLOCK_AT_LEAST = 16  # pixels of the region that a block must contain
MEAN_DE_P95 = 0.5
WORST_DE = 2.5
WORST_DE_OF = {"image/avif": 3.5}  # at quality 100, libyuv turns (15, 25, 37) into (14, 26, 36), which is 2.4
SHARPNESS_AT_LEAST = 0.8
CLIPPED_AT_MOST = 0.05


def check_fidelity(evidence: Evidence) -> tuple[Check, ...]:
    """Check exactness before encoding, colour and detail after decoding, and clipped highlights."""
    alpha = evidence.product.alpha
    interior = alpha == 1.0
    if not interior.any():
        return (_not_visible(),)
    image, decoded = (whole[evidence.product.where] for whole in (evidence.image, evidence.decoded))
    expected = evidence.expected
    deltas = block_deltas(expected, decoded, interior)
    return (
        _exact(image, expected, interior),
        *_colour(
            deltas,
            MEAN_DE_P95 + _cost_of_format(evidence, expected, interior),
            WORST_DE_OF.get(evidence.channel.media_type, WORST_DE),
        ),
        _sharpness(expected, decoded, alpha > 0),
        _clipped(decoded, interior),
    )


def block_deltas(first: Rgb, second: Rgb, region: Mask) -> F64:
    """CIEDE2000 between the mean sRGB colours of each 8 x 8 block, over the pixels of `region` [H, W].

    Skips blocks with fewer than `BLOCK_AT_LEAST` such pixels.
    """
    from skimage.color import deltaE_ciede2000, rgb2lab

    inside = region.astype(np.uint8)
    share = _block_means(inside)
    enough = share * BLOCK_PX**2 >= BLOCK_AT_LEAST - 0.5
    if not enough.any():
        return np.zeros(0)
    means = []
    for image in (first, second):
        of_region = cv2.bitwise_and(image, image, mask=inside)
        means.append((_block_means(of_region)[enough] / share[enough, None] / 255).astype(np.float64))
    deltas: F64 = deltaE_ciede2000(rgb2lab(means[0]), rgb2lab(means[1]))
    return deltas


def laplacian_energy(image: Rgb, region: Mask) -> float:
    """Root mean square of the luma's Laplacian within a region, a measure of fine detail."""
    luma = cv2.cvtColor(image, cv2.COLOR_RGB2GRAY).astype(np.float32)
    detail = cv2.Laplacian(luma, cv2.CV_32F)
    return float(np.sqrt(np.mean(np.square(detail[region]))))


def _block_means(image: Rgb) -> F32:
    """Means of whole 8 x 8 blocks from the top left corner; incomplete blocks at the right and bottom are ignored."""
    h, w = (size // BLOCK_PX for size in image.shape[:2])
    if h == 0 or w == 0:
        return np.zeros((h, w, *image.shape[2:]), dtype=np.float32)
    whole = np.ascontiguousarray(image[: h * BLOCK_PX, : w * BLOCK_PX]).astype(np.float32)
    means: F32 = cv2.resize(whole, (w, h), interpolation=cv2.INTER_AREA)
    return means


def _not_visible() -> Check:
    return finding(
        "product_visible",
        0.0,
        "px",
        "no pixel shows the product: the matte is empty or transparent everywhere",
        threshold=1.0,
        passed=False,
        severity="reject",
    )


def _exact(image: Rgb, expected: Rgb, interior: Mask) -> Check:
    changed = int((in_any_channel(image != expected) & interior).sum())
    words = (
        "before encoding, every product pixel equals the cut-out's"
        if changed == 0
        else f"{changed} product pixels were changed between the cut-out and the finished image"
    )
    return finding("product_exact", changed, "px", words, threshold=0, passed=changed == 0, severity="reject")


def _cost_of_format(evidence: Evidence, expected: Rgb, interior: Mask) -> float:
    """p95 of the block differences caused by rounding to 8-bit YCbCr (ITU-T T.871) alone; 0 for a lossless format."""
    if evidence.channel.media_type in LOSSLESS:
        return 0.0
    rounded = np.asarray(Image.fromarray(expected).convert("YCbCr").convert("RGB"))
    deltas = block_deltas(expected, rounded, interior)
    return float(np.percentile(deltas, 95)) if deltas.size else 0.0


def _colour(deltas: F64, p95_at_most: float, worst_at_most: float) -> tuple[Check, ...]:
    if deltas.size == 0:
        return ()
    typical, worst = float(np.percentile(deltas, 95)), float(deltas.max())
    return (
        finding(
            "product_colour_p95",
            typical,
            "dE2000",
            f"95% of the product is within {typical:.2f} dE2000 of the photo's colours"
            + ("" if typical <= p95_at_most else ": the colours have changed"),
            threshold=round(p95_at_most, 4),
            passed=typical <= p95_at_most,
            severity="reject",
        ),
        finding(
            "product_colour_worst",
            worst,
            "dE2000",
            f"the worst spot of the product differs from the photo by {worst:.2f} dE2000"
            + ("" if worst <= worst_at_most else ": part of it has moved or changed"),
            threshold=worst_at_most,
            passed=worst <= worst_at_most,
            severity="reject",
        ),
    )


def _sharpness(expected: Rgb, decoded: Rgb, region: Mask) -> Check:
    before, after = laplacian_energy(expected, region), laplacian_energy(decoded, region)
    ratio = after / before if before > 0 else 1.0
    passed = ratio >= SHARPNESS_AT_LEAST
    words = f"the file keeps {ratio:.0%} of the fine detail" + ("" if passed else ": it is blurred")
    return finding("sharpness", ratio, "ratio", words, threshold=SHARPNESS_AT_LEAST, passed=passed, severity="reject")


def _clipped(decoded: Rgb, interior: Mask) -> Check:
    share = float(in_any_channel(decoded == 255)[interior].mean())
    passed = share <= CLIPPED_AT_MOST
    words = f"{share:.1%} of the product is burnt out" + ("" if passed else ": its highlights have lost detail")
    return finding(
        "clipped_highlights", share, "share", words, threshold=CLIPPED_AT_MOST, passed=passed, severity="review"
    )
