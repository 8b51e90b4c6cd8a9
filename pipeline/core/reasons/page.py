"""The troubleshooting page, written from the table.

python -m pipeline.core.reasons.page > docs/troubleshooting.md
"""

import sys

from pipeline.core.reasons.reason import Outcome
from pipeline.core.reasons.table import REASONS

OUTCOMES: dict[Outcome, tuple[str, str]] = {
    "held": (
        "Held steps",
        "The step ran and its result is not good enough to go on. Steps that need its result are held too. The reason "
        "is remembered: the step runs again only after the shoot or the preset has changed.",
    ),
    "refused angle": (
        "Refused angles",
        "No picture is made of a requested angle; the other angles are made. `catalog run` shows the reason in the "
        "contact sheet, `coverage` in its report.",
    ),
    "refused shoot": (
        "Refused shoots",
        "`catalog discover` found a shoot that cannot be planned; the other shoots are run. Each night tries again.",
    ),
    "needs review": (
        "Assets that need review",
        "The file is finished, and a check asks a person to look at it. `publish.needs_review` says whether it is "
        "published until then.",
    ),
    "rejected": (
        "Rejected assets",
        "The file is finished, and a check has found that it must not be shown in the shop.",
    ),
}


def troubleshooting_markdown() -> str:
    """The troubleshooting page: one section per outcome, one entry per reason."""
    lines = [
        "# Troubleshooting",
        "",
        "Written from the table in `pipeline/core/reasons`; do not edit it here. Each entry is headed by the code of",
        "the reason. Messages in reports, logs and the contact sheet give the names and numbers of the case.",
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
