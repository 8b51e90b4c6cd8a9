"""A reason: a stable code, its possible outcomes, and its entry in the troubleshooting page."""

from typing import Literal

from pipeline.core.domain import Frozen

Outcome = Literal["held", "refused angle", "refused shoot", "in review", "rejected"]


class Reason(Frozen):
    """One reason. Its text is general; the message where it arises adds names and numbers."""

    code: str
    outcomes: tuple[Outcome, ...]
    title: str
    meaning: str
    what_to_do: str


def reason(outcome: Outcome, code: str, title: str, meaning: str, what_to_do: str) -> Reason:
    """Return a reason with one outcome."""
    return Reason(code=code, outcomes=(outcome,), title=title, meaning=meaning, what_to_do=what_to_do)
