"""Generate the troubleshooting page from the table of reasons.

python -m pipeline.core.reasons.page > docs/troubleshooting.md
"""

import sys

from pipeline.core.reasons.reason import Outcome
from pipeline.core.reasons.table import REASONS

OUTCOMES: dict[Outcome, tuple[str, str]] = {
    "held": (
        "Held steps",
        "The step ran, and its result is not good enough to continue. Steps that need its result are held too. A hold "
        "is remembered: the step runs again only after the shoot or the preset has changed.",
    ),
    "refused angle": (
        "Refused angles",
        "A requested angle gets no picture; the other angles do. The contact sheet of `catalog run` and the report of "
        "`coverage` show the reason.",
    ),
    "refused shoot": (
        "Refused shoots",
        "`catalog discover` found a shoot that cannot be planned; the other shoots run. The next night tries it again.",
    ),
    "in review": (
        "Assets in review",
        "The file is finished, and a check asks a person to look at it. `publish.in_review` says whether it is "
        "published before that.",
    ),
    "rejected": (
        "Rejected assets",
        "The file is finished, and a check found that the shop must not show it.",
    ),
}


def troubleshooting_markdown() -> str:
    """Return the troubleshooting page: one section per outcome, one entry per reason."""
    lines = [
        "# Troubleshooting",
        "",
        "Generated from the table in `pipeline/core/reasons`; do not edit it here. Each entry is headed by the code of",
        "the reason. Messages in reports, logs and the contact sheet add the names and numbers of the case.",
    ]
    for outcome, (title, meaning) in OUTCOMES.items():
        lines += ["", f"## {title}", "", meaning]
        for reason in REASONS.values():
            if outcome in reason.outcomes:
                lines += ["", f"### `{reason.code}`", "", f"**{reason.title}.** {reason.meaning}", ""]
                lines += [f"*What to do:* {reason.what_to_do}"]
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    sys.stdout.write(troubleshooting_markdown())
