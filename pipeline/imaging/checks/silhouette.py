"""Do the other photos agree with the outline of this one? The splat was fitted to all of them, and speaks for them."""

from pipeline.core.records import Check, SilhouetteAgreement
from pipeline.imaging.checks.evidence import finding

WORST_AT_MOST = 0.01  # of the long side; both samples' finished mattes stay below 0.008, each error seen was above
IOU_AT_LEAST = 0.95


def check_silhouette(found: SilhouetteAgreement | None, long_side_px: int) -> tuple[Check, ...]:
    """A captured angle's finished matte against the splat's silhouette; nothing to say where there is no splat.

    The worst spot counts besides the overlap, for a bite out of a rim is small beside the whole.
    """
    if found is None:
        return ()
    worst = found.worst_px / long_side_px
    local, whole = worst <= WORST_AT_MOST, found.iou >= IOU_AT_LEAST
    fixed = f"; {found.changed:.1%} of it was corrected by them" if found.changed >= 0.0005 else ""
    beside = f"the outline stands up to {found.worst_px:.0f} px beside what the other photos say"
    if not found.worst_px:
        beside = "the outline stands nowhere beside what the other photos say"
    if not local:
        beside += ": look for a bite, a lost part or a shadow that was taken along"
    overlap = f"the matte overlaps what the other photos say by {found.iou:.1%}"
    if not whole:
        overlap += ": it, or the photo's pose, is wrong"
    return (
        finding("silhouette", worst, "share", beside + fixed, threshold=WORST_AT_MOST, passed=local, severity="review"),
        finding("silhouette_iou", found.iou, "ratio", overlap, threshold=IOU_AT_LEAST, passed=whole, severity="review"),
    )
