"""The claim ledger: planted false claims that it catches, true texts that it refuses, and harmless ones that it drops.

A planted claim is caught if a claim that does not stand has words of the text that was planted, and the true caption
has no such claim: the text would be dropped, or the caption held. A true text is refused if a claim of its own does
not stand. Products are split in two halves, alternately: the ledger is tuned by `tuned` and never by `kept`. So are the
lies that name nothing a table of terms has, and the harmless sentences, one by one.
"""

import argparse
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from itertools import count
from typing import Any, NamedTuple, get_args

from benchmarks.planted.corpus import LANGUAGES, Lie, Product, read_products, read_tone
from pipeline.core.evidence import Claim
from pipeline.language.base import Tone
from pipeline.language.claims.ledger import ledger, stands

HALVES = ("tuned", "kept")
LATER = "later"
UNNAMED = ("unnamed, tuned by", "unnamed, kept")
PLAIN = "plain"
GROUPS = (*HALVES, LATER, *UNNAMED, PLAIN)
CHECKABLE = "checkable"
TONE = ("first", CHECKABLE, "later, tuned by", "later, kept", "unseen")


class Outcome(NamedTuple):
    """Whether one text was refused. `half`: one of `GROUPS` or `TONE`. `kind`: the lie's; empty for another text."""

    half: str
    language: str
    kind: str
    product: str
    text: str
    refused: bool
    claims: tuple[Claim, ...]


def add_section(sections: Any) -> None:
    """Add the section's command line."""
    section = sections.add_parser("planted", help="planted false claims caught, and true texts refused")
    section.add_argument("--list", choices=(*GROUPS, *TONE), help="also list what goes wrong in one group")
    section.add_argument("--tone", choices=get_args(Tone), default="strict", help="of the caption")
    section.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> None:
    """Print the shares of both halves by kind and by language, and the CPU time of one caption."""
    products = read_products()
    started = time.process_time()
    planted, true, harmless = (
        list(texts(products, arguments.tone)) for texts in (planted_texts, true_texts, harmless_texts)
    )
    seconds = (time.process_time() - started) / (len(planted) + 2 * len(products))
    print(f"{len(products)} products, {len(planted)} planted claims, {len(true)} true texts\n")
    _table("caught, by kind", planted, lambda one: one.kind)
    _table("caught, by language", planted, lambda one: one.language)
    _table("true texts refused", true, lambda one: one.language, HALVES)
    _table("harmless sentences dropped", harmless, lambda one: one.language, TONE)
    print(f"\n{seconds * 1000:.1f} ms of one core per caption")
    for one in [*planted, *true, *harmless]:
        if arguments.list == one.half and one.refused != bool(one.kind):
            told = [(claim.kind, claim.words, claim.verdict) for claim in one.claims]
            print(f"{'missed' if one.kind else 'refused'} {one.language} {one.product} {one.kind}: {one.text!r} {told}")


def halves(products: Iterable[Product]) -> Iterator[tuple[str, Product]]:
    """Every product with its half, alternating within a language."""
    for language in LANGUAGES:
        of_language = [product for product in products if product.language == language]
        yield from ((HALVES[number % 2], product) for number, product in enumerate(of_language))


def planted_texts(products: Iterable[Product], tone: Tone = "strict") -> Iterator[Outcome]:
    """Every lie, with whether it was caught."""
    turn = count()
    for half, product in halves(products):
        before = Counter(map(_key, ledger(product.caption(), product.evidence, tone)))
        lies = [*((half, lie) for lie in product.lies), *((LATER, lie) for lie in product.later)]
        lies += [*((UNNAMED[next(turn) % 2], lie) for lie in product.unnamed), *((PLAIN, lie) for lie in product.plain)]
        for group, lie in lies:
            claims = ledger(product.caption(lie), product.evidence, tone)
            new = tuple(claim for claim in claims if _concerns(claim, lie) and before[_key(claim)] == 0)
            caught = any(not stands(claim) for claim in new)
            yield Outcome(group, product.language, lie.kind, product.name, lie.unit, caught, new)


def true_texts(products: Iterable[Product], tone: Tone = "strict") -> Iterator[Outcome]:
    """Every true title, sentence, bullet, alt text and attribute, with whether it was refused."""
    for half, product in halves(products):
        claims = ledger(product.caption(), product.evidence, tone)
        texts = [(field, text) for field, units in product.texts.items() for text in units]
        texts += [("titles", text) for text in product.titles.values()]
        texts += [("attributes", f"{name}: {value}") for name, value in product.attributes.items()]
        for field, text in texts:
            own = tuple(claim for claim in claims if claim.field == field and claim.words in text)
            refused = any(not stands(claim) for claim in own)
            yield Outcome(half, product.language, "", product.name, text, refused, own)


def harmless_texts(products: Iterable[Product], tone: Tone = "strict") -> Iterator[Outcome]:
    """Every harmless sentence as the only one of a true caption's description, with whether it was dropped."""
    named, turn = {product.name: product for product in products}, count()
    for group, name, sentence, checkable in read_tone():
        product = named[name]
        claims = ledger(product.caption().model_copy(update={"description": sentence}), product.evidence, tone)
        own = tuple(claim for claim in claims if claim.field == "description")
        refused = any(not stands(claim) for claim in own)
        half = TONE[2 + next(turn) % 2] if group == "later" else CHECKABLE if checkable else group
        yield Outcome(half, product.language, "", name, sentence, refused, own)


def share(outcomes: Iterable[Outcome]) -> float:
    """Share of texts that were refused, 0 to 1."""
    refused = [one.refused for one in outcomes]
    return sum(refused) / len(refused)


def _key(claim: Claim) -> tuple[str, str, str]:
    return claim.field, claim.words, claim.verdict


def _concerns(claim: Claim, lie: Lie) -> bool:
    return claim.field == lie.field and claim.words in lie.unit


def _table(
    title: str, outcomes: list[Outcome], column: Callable[[Outcome], str], groups: tuple[str, ...] = GROUPS
) -> None:
    print(f"| {title} | {' | '.join(groups)} |\n|---|{'---|' * len(groups)}")
    for row in [*dict.fromkeys(map(column, outcomes)), "all"]:
        of = [one for one in outcomes if row in {"all", column(one)}]
        cells = [_share([one for one in of if one.half == group]) for group in groups]
        print(f"| {row} | {' | '.join(cells)} |")
    print()


def _share(outcomes: list[Outcome]) -> str:
    if not outcomes:
        return "-"
    return f"{sum(one.refused for one in outcomes)} of {len(outcomes)}, {share(outcomes):.1%}"
