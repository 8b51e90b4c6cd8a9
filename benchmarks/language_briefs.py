"""Briefs: how many become exactly the plan that was written down for them, and how long the grammar takes.

All parts have been read and tuned the grammar, most of them after a first run that was measured. Misses of parts in
`UNREAD` are not printed, so that they can be measured again. A wrong setting counts apart from a plan that only refuses
too much.
"""

import argparse
import time
from collections import Counter
from contextlib import suppress
from typing import Any

from pipeline.core.errors import BadInput
from pipeline.language.briefs import grammar
from tests.language.briefs.briefs import KNOWN, PARTS, UNREAD, corpus, differences, verdict

REPEATS = 3
VERDICTS = ("exact", "set", "refused", "lost", "wrong")


def add_section(sections: Any) -> None:
    """Add the section's command line."""
    section = sections.add_parser("briefs", help="accuracy and time of the brief grammar")
    section.set_defaults(run=run)


def run(_: argparse.Namespace) -> None:
    """Print a table of all parts by style, how the others fall short, and the CPU time of one brief."""
    parts = {name: [(brief, verdict(brief)) for brief in corpus(name)] for name in PARTS}
    print("| style | " + " | ".join(parts) + " |\n|---|" + "---|" * len(parts))
    for style in ("terse", "chatty", "list", "e-mail", "mixed", None):
        shares = [
            _share([found for brief, found in judged if style in {None, brief["style"]}]) for judged in parts.values()
        ]
        print(f"| {style or 'all'} | " + " | ".join(shares) + " |")
    for kind in VERDICTS[1:]:
        counts = [str(sum(found == kind for _, found in judged)) for judged in parts.values()]
        print(f"| {kind} | " + " | ".join(counts) + " |")
    _print_by_vocabulary(parts)
    for name, judged in parts.items():
        for brief, found in judged if name not in UNREAD else ():
            if found != "exact":
                print(f"\nNot exact, {found} ({name}): {brief['text']!r}")
                for difference in differences(brief):
                    print(f"  {difference}")
    briefs = [brief for name in PARTS for brief in corpus(name)]
    started = time.process_time()
    for _repeat in range(REPEATS):
        for brief in briefs:
            _read(brief["text"])
    seconds = (time.process_time() - started) / (REPEATS * len(briefs))
    print(f"\n{seconds * 1000:.1f} ms of one core per brief; languages: {dict(Counter(b['language'] for b in briefs))}")


def _print_by_vocabulary(parts: dict[str, list[tuple[dict[str, Any], str]]]) -> None:
    """Print how the briefs fall short whose author said whether the docs have their words, those inside and outside."""
    rows = [
        (name, where, [found for brief, found in judged if brief.get("vocabulary") == where])
        for name, judged in parts.items()
        for where in ("inside", "outside")
    ]
    if any(found for _, _, found in rows):
        print("\n| part | vocabulary | " + " | ".join(VERDICTS) + " |\n|---|---|" + "---|" * len(VERDICTS))
    for name, where, found in rows:
        if found:
            counts = [str(found.count(kind)) for kind in VERDICTS[1:]]
            print(f"| {name} | {where} | " + " | ".join([_share(found), *counts]) + " |")


def _read(text: str) -> None:
    with suppress(BadInput):
        grammar.read(text, KNOWN, grammar.Params(), lambda _: None)


def _share(found: list[str]) -> str:
    return f"{found.count('exact')} of {len(found)}" if found else "-"
