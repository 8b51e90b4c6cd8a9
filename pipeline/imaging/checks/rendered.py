"""Check a rendered angle for what the nearest photos say against it."""

from pipeline.core.measured import RenderFaults
from pipeline.core.records import Check
from pipeline.imaging.checks.evidence import finding

BEYOND_AT_MOST = 0.0002  # of the product's area; correct fits of the samples have 0
UNSEEN_AT_MOST = 0.01
STRANGE_AT_MOST = 0.002
SMUDGED_AT_MOST = 0.025  # of the outline; correct fits have up to 0.017


def check_faults(faults: RenderFaults | None) -> tuple[Check, ...]:
    """Check for spikes, surfaces that were invented, streaks and a smudged outline; nothing if it was not measured."""
    if faults is None:
        return ()
    checks = [
        _share("beyond_outlines", faults.beyond, BEYOND_AT_MOST, "reaches beyond the outlines of the nearest photos"),
        _share("unseen_surface", faults.unseen, UNSEEN_AT_MOST, "is a surface that none of the nearest photos shows"),
        _share("strange_colours", faults.strange, STRANGE_AT_MOST, "has colours that no photo shows there: streaks"),
    ]
    if faults.smudged is not None:
        passed = faults.smudged <= SMUDGED_AT_MOST
        words = f"{faults.smudged:.1%} of the outline is softer than the fit explains"
        checks.append(
            finding(
                "smudged_outline", faults.smudged, "share", words + ("" if passed else ": it is smudged"),
                threshold=SMUDGED_AT_MOST, passed=passed, severity="review",
            )
        )  # fmt: skip
    return tuple(checks)


def _share(name: str, share: float, most: float, what: str) -> Check:
    words = f"{share:.2%} of the rendered product {what}"
    return finding(name, share, "share", words, threshold=most, passed=share <= most, severity="review")
