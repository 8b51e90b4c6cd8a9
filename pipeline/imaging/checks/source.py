"""Check an angle's picture against the photo, cut-out and edits it was made from, once per angle."""

from collections.abc import Sequence

import cv2
import numpy as np

from pipeline.core.arrays import Rgb, Rgba
from pipeline.core.edits import Edits
from pipeline.core.linear import srgb_to_linear
from pipeline.core.measured import Likeness, Shares
from pipeline.core.records import Check
from pipeline.imaging.checks.evidence import finding, in_any_channel, note
from pipeline.imaging.checks.rim import check_rim, nearest_colours
from pipeline.imaging.compositing.edits import apply_edits, describe_edits, edit_mapping
from pipeline.imaging.compositing.framing import product_mask

IOU_AT_LEAST = 0.95  # the splat's silhouette may correct a matte, not replace it
REMAINS_AT_MOST = 0.5
CONTRAST_AT_LEAST = 0.08  # linear; with less between product and old backdrop, remains cannot be seen
EDGE_PX, DEEP_PX, AWAY_PX = 2.0, 6.0, 6.0
LOST_AT_MOST = 0.001  # of the product's px
WEAKEST_AT_LEAST = 0.77  # SSIM; correct fits of the samples have 0.80 and more (benchmarks/CHECKS.md)
ROUNDING = 1  # levels: another processor's vector units may round a value differently


def check_captured(photo: Rgb, cutout: Rgba, picture: Rgba) -> tuple[Check, ...]:
    """Check a captured angle [h, w, 4] against its photo [h, w, 3] and its cut-out [h, w, 4]."""
    if not photo.shape[:2] == cutout.shape[:2] == picture.shape[:2]:
        words = f"photo, cut-out and picture differ in size: {photo.shape[:2]}, {cutout.shape[:2]}, {picture.shape[:2]}"
        return (finding("photo_exact", 1, "flag", words, threshold=0, passed=False, severity="reject"),)
    return (_exact(photo, picture), _same_mask(cutout, picture), *_remains(photo, picture), *check_rim(photo, picture))


def check_rendered(
    nearest_photo: str | None, likenesses: Sequence[Likeness], likeness_at_least: float, *, refined: bool = False
) -> tuple[Check, ...]:
    """Record that no photo shows a rendered angle, and judge how it was made by the photos around it.

    `likenesses`: of pictures drawn from those photos' places without their detail. The lowest one counts.
    """
    near = f"; the nearest photo is {nearest_photo}" if nearest_photo else ""
    how = "rendered from the other photos" + (", then refined by a generative model" if refined else "")
    origin = note("photo_exact", 0, "flag", f"{how}, so no photo shows these pixels{near}")
    if not likenesses:
        return (origin,)
    return origin, _likeness(likenesses, likeness_at_least), _weakest_part(likenesses)


def _likeness(likenesses: Sequence[Likeness], at_least: float) -> Check:
    lowest = min(likenesses, key=lambda likeness: likeness.ssim)
    passed = lowest.ssim >= at_least
    words = (
        f"drawn from the place of {lowest.photo} without that photo's detail, the picture matches it with an SSIM of "
        f"{lowest.ssim:.2f} ({lowest.splat_ssim:.2f} before the detail of other photos)"
    )
    if not passed:
        words += "; look at prints and small text, or fit the splat longer and larger"
    return finding("likeness", lowest.ssim, "SSIM", words, threshold=at_least, passed=passed, severity="review")


def _weakest_part(likenesses: Sequence[Likeness]) -> Check:
    lowest = min(likenesses, key=lambda likeness: likeness.weakest)
    passed = lowest.weakest >= WEAKEST_AT_LEAST
    words = f"its weakest part matches {lowest.photo} with an SSIM of {lowest.weakest:.2f}"
    if not passed:
        words += ": part of the product is blurred, displaced or missing"
    return finding(
        "weakest_part", lowest.weakest, "SSIM", words, threshold=WEAKEST_AT_LEAST, passed=passed, severity="review"
    )


def detail_notes(shares: Shares | None, photos: tuple[str, ...]) -> tuple[Check, ...]:
    """Record how much of a rendered product has photographed detail, and of which photos; nothing if unknown."""
    if shares is None:
        return ()
    of = f" ({', '.join(photos)})" if photos else ""
    words = (
        f"{shares.photographed:.0%} of the product's pixels have the detail of photos{of}, {shares.splat:.0%} only "
        f"that of the splat, and {shares.generated:.0%} were changed by a generative model"
    )
    return (note("photographed", shares.photographed, "share", words),)


def check_edits(unedited: Rgba, edits: Edits, picture: Rgba) -> Check:
    """Check an edited angle [h, w, 4] by applying the edits again to the unedited picture [., ., 4]."""
    expected, _ = apply_edits(unedited, edits)
    if expected.shape != picture.shape:
        changed = expected.shape[0] * expected.shape[1]
    else:
        off = cv2.absdiff(expected, picture) > ROUNDING
        changed = int((off[..., 3] | (in_any_channel(off) & (expected[..., 3] >= 128))).sum())
    words = f"edited as shoot.yaml asks: {describe_edits(edits)}"
    if changed:
        words = (
            f"{changed} px of the picture differ from the result of the edits in shoot.yaml ({describe_edits(edits)})"
        )
    return finding("edits", changed, "px", words, threshold=0, passed=changed == 0, severity="reject")


def check_whole(unedited: Rgba, edits: Edits) -> Check:
    """Check that the edits of an angle [h, w, 4] leave the whole product in the frame, unless they ask for a detail.

    An edge on which little of the outline lies passes `cut_off`, although a handle may be lost beyond it.
    """
    rows, columns = np.nonzero(product_mask(unedited[..., 3]))
    matrix, (width_px, height_px) = edit_mapping((unedited.shape[1], unedited.shape[0]), edits)
    x, y, depth = matrix @ np.stack([columns + 0.5, rows + 0.5, np.ones(len(rows))])
    x, y = x / depth, y / depth
    beyond = {"left": x < 0, "right": x > width_px, "top": y < 0, "bottom": y > height_px}
    lost = float(np.any(list(beyond.values()), axis=0).mean())
    edges = " and ".join(edge for edge, outside in beyond.items() if outside.mean() > LOST_AT_MOST)
    passed = lost <= LOST_AT_MOST
    if passed:
        words = "the edits leave the whole product in the frame"
    elif edits.crop is not None and edits.crop.detail:
        return note("whole_product", lost, "share", f"a detail: the frame leaves out {lost:.1%} of the product")
    else:
        words = f"the edits cut off {lost:.1%} of the product{f' at the {edges}' if edges else ''}"
    return finding("whole_product", lost, "share", words, threshold=LOST_AT_MOST, passed=passed, severity="review")


def _exact(photo: Rgb, picture: Rgba) -> Check:
    inside = picture[..., 3] == 255
    changed = int((in_any_channel(picture[..., :3] != photo) & inside).sum())
    words = "every opaque pixel of the product equals the photo's"
    if changed:
        words = f"{changed} opaque product pixels differ from the photo"
    return finding("photo_exact", changed, "px", words, threshold=0, passed=changed == 0, severity="reject")


def _same_mask(cutout: Rgba, picture: Rgba) -> Check:
    before, after = cutout[..., 3] >= 128, picture[..., 3] >= 128
    either = int((before | after).sum())
    iou = int((before & after).sum()) / either if either else 1.0
    passed = iou >= IOU_AT_LEAST
    words = f"the mattes of picture and cut-out overlap by {iou:.1%}" + ("" if passed else ": much was corrected")
    return finding("cutout_iou", iou, "ratio", words, threshold=IOU_AT_LEAST, passed=passed, severity="review")


def _remains(photo: Rgb, picture: Rgba) -> tuple[Check, ...]:
    """Check how much of the photo's backdrop the outermost product pixels still show: 0 none, 1 only backdrop.

    Each edge colour is modelled as `deep + share * (away - deep)`: `deep` is the product's colour a few px further in,
    `away` the photo's backdrop a few px further out. The value is the median share along the outline where the two
    colours can be distinguished.
    """
    solid = picture[..., 3] >= 128
    if not solid.any() or solid.all():
        return ()
    inward = cv2.distanceTransform(solid.astype(np.uint8), cv2.DIST_L2, 5)
    outward = cv2.distanceTransform((~solid).astype(np.uint8), cv2.DIST_L2, 5)
    edge = solid & (inward <= EDGE_PX)
    deep = nearest_colours(srgb_to_linear(picture[..., :3]), solid & (inward > DEEP_PX), edge)
    away = nearest_colours(srgb_to_linear(photo), outward > AWAY_PX, edge)
    if deep is None or away is None:
        return ()
    step = away - deep
    contrast = np.linalg.norm(step, axis=1)
    clear = contrast > CONTRAST_AT_LEAST
    if clear.sum() < 100:
        return (note("old_backdrop", 0, "share", "product and photo backdrop are too similar to measure remains"),)
    seen = srgb_to_linear(picture[edge][:, :3])[clear] - deep[clear]
    share = float(np.median((seen * step[clear]).sum(axis=1) / contrast[clear] ** 2))
    passed = share <= REMAINS_AT_MOST
    words = f"the product's edge shows {max(share, 0):.0%} of the photo's backdrop" + ("" if passed else ": a halo")
    return (
        finding("old_backdrop", share, "share", words, threshold=REMAINS_AT_MOST, passed=passed, severity="review"),
    )
