"""The table of all reasons."""

from pipeline.core.reasons.checks import CHECK_REASONS
from pipeline.core.reasons.reason import Outcome, Reason
from pipeline.core.reasons.steps import STEP_REASONS

REASONS: dict[str, Reason] = {reason.code: reason for reason in (*STEP_REASONS, *CHECK_REASONS)}


def require_reason(code: str, outcome: Outcome) -> str:
    """Return `code` if the table has it with this outcome. Raises ValueError otherwise."""
    if code not in REASONS or outcome not in REASONS[code].outcomes:
        raise ValueError(f"{code!r} is not a reason for the outcome {outcome!r}; see pipeline/core/reasons")
    return code
