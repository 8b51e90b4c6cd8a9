"""Briefs: how many become exactly the plan that was written down for them, and how long the grammar takes.

The corpus has two halves. One tuned the grammar; the other was written before it and never tuned it.
"""

import argparse
import time
from collections import Counter
from typing import Any

from tests.language.briefs.briefs import corpus, differences

REPEATS = 3


def add_section(sections: Any) -> None:
    """Add the section's command line."""
    section = sections.add_parser("briefs", help="accuracy and time of the brief grammar")
    section.set_defaults(run=run)


def run(_: argparse.Namespace) -> None:
    """Print a table of both halves by style, and the CPU time of one brief."""
    halves = {name: corpus(name) for name in ("tuned", "kept")}
    wrong = {name: [brief for brief in briefs if differences(brief)] for name, briefs in halves.items()}
    print("| style | tuned by | kept apart |\n|---|---|---|")
    for style in ("terse", "chatty", "list", "e-mail", "mixed"):
        print(f"| {style} | " + " | ".join(_share(halves[name], wrong[name], style) for name in halves) + " |")
    print("| all | " + " | ".join(_share(halves[name], wrong[name]) for name in halves) + " |")
    for name, briefs in wrong.items():
        for brief in briefs:
            print(f"\nNot exact ({name}): {brief['text']!r}")
            for difference in differences(brief):
                print(f"  {difference}")
    briefs = [brief for half in halves.values() for brief in half]
    started = time.process_time()
    for _ in range(REPEATS):
        for brief in briefs:
            differences(brief)
    seconds = (time.process_time() - started) / (REPEATS * len(briefs))
    print(f"\n{seconds * 1000:.1f} ms of one core per brief; languages: {dict(Counter(b['language'] for b in briefs))}")


def _share(briefs: list[dict[str, Any]], wrong: list[dict[str, Any]], style: str | None = None) -> str:
    of = [brief for brief in briefs if style in {None, brief["style"]}]
    exact = sum(brief not in wrong for brief in of)
    return f"{exact} of {len(of)}" if of else "-"
