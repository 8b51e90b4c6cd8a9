"""Invented products with true captions in three languages, and false claims to plant in them.

One YAML file per language, and `templates.yaml` with claims that are false for every product. Written before the
checks were read, and shares no code or word list with them. `later.yaml` has more lies about these products, written
after the ledger was tuned for the first time. `unnamed.yaml` has lies that name nothing a table of terms has, and
`tone.yaml` sentences that do no harm; both were written before the rule for sentences without a recognised claim.
`plain.yaml` has lies in everyday words that were written after it and not used to change it.

A lie is `[kind, place, words]`, or `[kind, swap, old, new]` where a true text is altered. A place is `title`,
`description`, `bullets` or `alt_text`; `swap-title` and `swap-alt` alter that text only, `swap` the first that has
`old`.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from pipeline.core.evidence import Evidence, Measurement, Reading
from pipeline.core.records import Caption

FOLDER = Path(__file__).parent
LANGUAGES = ("en", "de", "fr")
ALWAYS = ("superlative", "offer", "certificate", "origin", "text", "name")
IN_TURN = ("pattern", "finish", "count", "colour", "material", "size", "use")
TURNS = 3  # kinds of `IN_TURN` that are planted in each product
ORDER = ("description", "bullets", "title", "alt_text")


@dataclass(frozen=True)
class Lie:
    """One false claim. `unit`: the text with it, which takes `position` in `field`. `template`: not written by hand."""

    kind: str
    field: str
    position: int
    unit: str
    template: bool


@dataclass(frozen=True)
class Product:
    """One invented product. `texts`: field to its units, all true; `attributes` apart."""

    name: str
    language: str
    evidence: Evidence
    texts: dict[str, tuple[str, ...]]
    titles: dict[str, str]
    attributes: dict[str, str]
    lies: tuple[Lie, ...]
    later: tuple[Lie, ...]
    unnamed: tuple[Lie, ...]
    plain: tuple[Lie, ...]

    def caption(self, lie: Lie | None = None) -> Caption:
        """The true caption, or the one with `lie` planted."""
        texts = {field: list(units) for field, units in self.texts.items()}
        if lie is not None:
            texts[lie.field][lie.position : lie.position + 1] = [lie.unit]
        return Caption(
            engine="corpus",
            language=self.language,
            title=texts["title"][0],
            description=" ".join(texts["description"]),
            bullets=tuple(texts["bullets"]),
            titles=self.titles,
            alt_text=" ".join(texts["alt_text"]),
            alt_texts={"front": " ".join(texts["alt_text"])},
            attributes=self.attributes,
            prompt="",
        )


def read_products() -> tuple[Product, ...]:
    """All products, language by language. Raises ValueError where a lie alters a text that is not there."""
    templates, more = _load("templates"), {name: _load(name) for name in ("later", "unnamed", "plain")}
    found = []
    for language in LANGUAGES:
        for number, entry in enumerate(_load(language)):
            added = {name: lies.get(entry["name"], []) for name, lies in more.items()}
            found.append(_product(entry, language, number, templates[language], added))
    return tuple(found)


def read_tone() -> Iterator[tuple[str, str, str, bool]]:
    """Every sentence of `tone.yaml`: its group, its product, itself, and whether it states something after all."""
    table = _load("tone")
    for group in ("first", "later", "unseen"):
        for name, sentences in table[group].items():
            yield from ((group, name, sentence, sentence in table["checkable"]) for sentence in sentences)


def _load(name: str) -> Any:
    return yaml.safe_load((FOLDER / f"{name}.yaml").read_text(encoding="utf-8"))


def _product(
    entry: dict[str, Any], language: str, number: int, templates: dict[str, Any], more: dict[str, list[list[str]]]
) -> Product:
    caption = entry["caption"]
    texts = {
        "title": (caption["title"],),
        "description": tuple(caption["description"]),
        "bullets": tuple(caption["bullets"]),
        "alt_text": (caption["alt_text"],),
    }
    lies = [_by_hand(lie, texts, entry["name"]) for lie in entry["lies"]]
    lies += _templated(templates, set(entry.get("true_of", ())), texts, number)
    return Product(
        name=entry["name"],
        language=language,
        evidence=_evidence(entry),
        texts=texts,
        titles=caption["titles"],
        attributes=caption["attributes"],
        lies=tuple(lies),
        **{name: tuple(_by_hand(lie, texts, entry["name"]) for lie in added) for name, added in more.items()},
    )


def _evidence(entry: dict[str, Any]) -> Evidence:
    colours = [
        Measurement(name=f"colour.{name.replace(' ', '-')}", kind="colour", value=name, number=share, unit="share")
        for name, share in entry["measured"].items()
    ]
    others = [Measurement(**one) for one in entry.get("measurements", ())]
    readings = [
        Reading(number=at, text=text, photo="front.jpg", box=(10, 10, 200, 40), score=0.96)
        for at, text in enumerate(entry.get("readings", ()))
    ]
    return Evidence(facts=entry["facts"], measurements=(*colours, *others), readings=tuple(readings), reader="corpus")


def _by_hand(lie: list[str], texts: dict[str, tuple[str, ...]], name: str) -> Lie:
    kind, place, *words = lie
    if not place.startswith("swap"):
        return _inserted(kind, place, words[0], texts, template=False)
    old, new = words
    fields = {"swap-title": ("title",), "swap-alt": ("alt_text",)}.get(place, ORDER)
    for field in fields:
        for position, unit in enumerate(texts[field]):
            if old in unit:
                return Lie(kind, field, position, unit.replace(old, new, 1), template=False)
    raise ValueError(f"{name}: no text has {old!r}")


def _templated(
    templates: dict[str, Any], true_of: set[str], texts: dict[str, tuple[str, ...]], number: int
) -> Iterator[Lie]:
    """One lie of each kind of `ALWAYS` and of `TURNS` others, in an order that depends on the product's number."""
    turn = [IN_TURN[(number * TURNS + step) % len(IN_TURN)] for step in range(TURNS)]
    for kind in (*ALWAYS, *turn):
        if kind in true_of:
            continue
        ((field, words),) = templates[kind][number % len(templates[kind])].items()
        yield _inserted(kind, field, words, texts, template=True)


def _inserted(kind: str, field: str, words: str, texts: dict[str, tuple[str, ...]], template: bool) -> Lie:
    """A lie that is added: to a title after a comma, elsewhere as a sentence or bullet of its own."""
    if field == "title":
        return Lie(kind, field, 0, f"{texts[field][0]}, {words}", template)
    return Lie(kind, field, len(texts[field]), words, template)
