"""Is this finished file the product that was photographed? Every asset is measured, and judged in words.

The evidence is measured on the file as a shop decodes it, against what the angle's cut-out says it must show.
"""

from collections.abc import Sequence
from typing import Literal

from pipeline.core.records import Check
from pipeline.imaging.checks.edges import check_edges
from pipeline.imaging.checks.evidence import Evidence
from pipeline.imaging.checks.fidelity import check_fidelity
from pipeline.imaging.checks.frame import check_frame
from pipeline.imaging.checks.rules import check_rules

VerdictWord = Literal["approved", "needs review", "rejected"]


def check_asset(evidence: Evidence) -> tuple[Check, ...]:
    """All checks of one asset, the gravest families first."""
    return (*check_fidelity(evidence), *check_edges(evidence), *check_frame(evidence), *check_rules(evidence))


def judge(checks: Sequence[Check]) -> tuple[VerdictWord, tuple[str, ...]]:
    """The verdict of an asset, and the words of every check that it failed, the gravest first."""
    failed = [check for check in checks if check.passed is False and check.severity != "info"]
    failed.sort(key=lambda check: check.severity != "reject")
    reasons = tuple(check.words for check in failed)
    if any(check.severity == "reject" for check in failed):
        return "rejected", reasons
    return ("needs review", reasons) if failed else ("approved", ())
