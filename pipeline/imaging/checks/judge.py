"""Judge whether a finished file shows the product that was photographed, and say why.

The file is decoded as a shop would decode it and compared with what the angle's cut-out says it must show.
"""

from collections.abc import Sequence
from typing import Literal

from pipeline.core.records import Check
from pipeline.imaging.checks.edges import check_edges
from pipeline.imaging.checks.evidence import Evidence
from pipeline.imaging.checks.fidelity import check_fidelity
from pipeline.imaging.checks.frame import check_backdrop_colour, check_frame
from pipeline.imaging.checks.rules import check_rules
from pipeline.imaging.checks.scene import check_scene

VerdictWord = Literal["published", "in review", "rejected"]


def check_asset(evidence: Evidence) -> tuple[Check, ...]:
    """Run all checks of one asset, the gravest first."""
    return (
        *check_fidelity(evidence),
        *check_edges(evidence),
        *check_frame(evidence),
        *check_scene(evidence),
        *check_rules(evidence),
    )


def check_backdrop(evidence: Evidence) -> tuple[Check, ...]:
    """Run the checks of one asset whose outcome another backdrop can change."""
    return (*check_edges(evidence), check_backdrop_colour(evidence), *check_scene(evidence))


def judge(checks: Sequence[Check]) -> tuple[VerdictWord, tuple[str, ...]]:
    """Return an asset's verdict, and the words of every failed check, the gravest first."""
    failed = [check for check in checks if check.passed is False and check.severity != "info"]
    failed.sort(key=lambda check: check.severity != "reject")
    reasons = tuple(check.words for check in failed)
    if any(check.severity == "reject" for check in failed):
        return "rejected", reasons
    return ("in review", reasons) if failed else ("published", ())
