"""The half of the planted claims by which the ledger was never tuned: `python -m benchmarks.language planted`."""

from dataclasses import replace

import pytest

from benchmarks.language_planted import (
    CHECKABLE,
    LATER,
    UNNAMED,
    halves,
    harmless_texts,
    planted_texts,
    share,
    true_texts,
)  # fmt: skip
from benchmarks.planted.corpus import read_products

PRODUCTS = read_products()
MISSED, REFUSED = 0.05, 0.03  # shares that are permitted
HAND_WRITTEN = 200
DROPPED = 0.3  # share of harmless sentences with `tone: free`; the figures of all groups are in benchmarks/LANGUAGE.md


@pytest.fixture(scope="module")
def planted():
    return list(planted_texts(PRODUCTS))


@pytest.mark.parametrize("group", ["kept", LATER])
def test_planted_claims_are_caught(planted, group):
    of_group = [one for one in planted if one.half == group]
    assert share(of_group) >= 1 - MISSED, [(one.kind, one.text) for one in of_group if not one.refused]


def test_free_tone_still_catches_lies_that_name_no_listed_claim():
    added = [replace(product, lies=(), later=(), plain=()) for product in PRODUCTS]
    lies = list(planted_texts(added, "free"))
    assert {one.half for one in lies} == set(UNNAMED)
    assert share(lies) >= 1 - MISSED, [one.text for one in lies if not one.refused]


def test_free_tone_keeps_most_harmless_sentences_that_strict_tone_drops():
    texts = [one for one in harmless_texts(PRODUCTS, "free") if one.half != CHECKABLE]
    assert share(texts) <= DROPPED, [one.text for one in texts if one.refused]
    assert share(one for one in harmless_texts(PRODUCTS, "strict") if one.half != CHECKABLE) > 2 * DROPPED


@pytest.mark.parametrize("language", ["en", "de", "fr"])
def test_no_language_is_much_worse_than_the_others(planted, language):
    assert share(one for one in planted if (one.half, one.language) == ("kept", language)) >= 1 - 2 * MISSED


def test_true_texts_are_kept():
    texts = [one for one in true_texts(PRODUCTS) if one.half == "kept"]
    assert share(texts) <= REFUSED, [(one.text, one.claims) for one in texts if one.refused]


def test_corpus_has_the_claims_that_the_benchmark_promises():
    lies = [lie for product in PRODUCTS for lie in product.lies]
    assert sum(not lie.template for lie in lies) >= HAND_WRITTEN and len({lie.kind for lie in lies}) >= 10
    assert all(lie.unit not in product.texts[lie.field] for product in PRODUCTS for lie in product.lies)
    assert {half for half, _ in halves(PRODUCTS)} == {"tuned", "kept"}
