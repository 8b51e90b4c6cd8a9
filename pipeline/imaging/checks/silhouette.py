"""Check that a photo's outline agrees with the other photos, by the splat that was fitted to all of them."""

from pipeline.core.measured import SilhouetteAgreement
from pipeline.core.records import Check
from pipeline.imaging.checks.evidence import finding

WORST_AT_MOST = 0.01  # of the long side; correct mattes stay below 0.008, every error so far was above it
IOU_AT_LEAST = 0.95


def check_silhouette(silhouette: SilhouetteAgreement | None, long_side_px: int) -> tuple[Check, ...]:
    """Check a captured angle's finished matte against the splat's silhouette; no checks if there is no splat.

    The worst spot counts as well as the overlap, because a bite out of a rim is small compared with the whole.
    """
    if silhouette is None:
        return ()
    worst = silhouette.worst_px / long_side_px
    local, whole = worst <= WORST_AT_MOST, silhouette.iou >= IOU_AT_LEAST
    corrected = f"; {silhouette.changed:.1%} of it was corrected by them" if silhouette.changed >= 0.0005 else ""
    outline = f"the outline differs from the other photos by up to {silhouette.worst_px:.0f} px"
    if not silhouette.worst_px:
        outline = "the outline agrees with the other photos everywhere"
    if not local:
        outline += ": look for a bite, a lost part or a shadow that was included"
    overlap = f"the matte and the silhouette from the other photos overlap by {silhouette.iou:.1%}"
    if not whole:
        overlap += ": the matte or the photo's pose is wrong"
    return (
        finding(
            "silhouette", worst, "share", outline + corrected, threshold=WORST_AT_MOST, passed=local, severity="review"
        ),
        finding(
            "silhouette_iou", silhouette.iou, "ratio", overlap, threshold=IOU_AT_LEAST, passed=whole, severity="review"
        ),
    )
