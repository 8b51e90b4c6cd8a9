"""Captions: the time that the embedded writer takes, and whether its first drafts stand.

The products are those of `tests/language/measured/golden`, written in three languages and judged as the caption step
judges them.
"""

import argparse
import time
from dataclasses import replace
from typing import Any

from pipeline.core.evidence import Evidence
from pipeline.core.records import Caption
from pipeline.language import measured
from pipeline.language.base import Subject
from tests.language.measured.golden_captions import FILES, LANGUAGES, desk_of, read, subject_of
from tests.language.subjects import DESK

ROUNDS = 3


def add_section(sections: Any) -> None:
    """Add the section's command line."""
    section = sections.add_parser("captions", help="captions per second, and objections to first drafts")
    section.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> None:  # noqa: ARG001 - every section is called alike
    """Print the section."""
    products = [read(path)["product"] for path in FILES]
    print("| language | captions | CPU ms per caption | without colours in the evidence | objections to first drafts |")
    print("|---|---|---|---|---|")
    for language in LANGUAGES:
        subjects = [subject_of(product, language) for product in products]
        bare = [replace(one, evidence=Evidence(facts=one.evidence.facts)) for one in subjects]
        _written(subjects[:1])  # loads the lexicon
        took, alone = (1000 * _seconds(every) / len(every) for every in (subjects, bare))
        objections = sum(
            len(desk_of(one).review(caption)) for one, caption in zip(subjects, _written(subjects), strict=True)
        )
        print(f"| `{language}` | {len(subjects)} | {took:.1f} | {alone:.1f} | {objections} |")


def _written(subjects: list[Subject]) -> list[Caption]:
    """The first drafts."""
    return [measured.write(one, measured.Params(), DESK).caption for one in subjects]


def _seconds(subjects: list[Subject]) -> float:
    """CPU seconds of the fastest of `ROUNDS`."""
    best = float("inf")
    for _ in range(ROUNDS):
        start = time.process_time()
        _written(subjects)
        best = min(best, time.process_time() - start)
    return best
