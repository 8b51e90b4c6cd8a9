"""What a reason is: a stable code, the outcomes that it can have, and its entry in the troubleshooting page."""

from typing import Literal

from pipeline.core.domain import Frozen

Outcome = Literal["held", "refused angle", "refused shoot", "needs review", "rejected"]


class Reason(Frozen):
    """One reason. The text is general; the message where it arises is specific, with names and numbers."""

    code: str
    outcomes: tuple[Outcome, ...]
    title: str
    meaning: str
    what_to_do: str


def reason(outcome: Outcome, code: str, title: str, meaning: str, what_to_do: str) -> Reason:
    """A reason with one outcome."""
    return Reason(code=code, outcomes=(outcome,), title=title, meaning=meaning, what_to_do=what_to_do)
