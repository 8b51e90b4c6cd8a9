"""What attributes mean: their names and known values in three languages, and the phrases that say them."""

from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any

import yaml

from pipeline.language.lexicon.tables import Noun, gendered
from pipeline.language.lexicon.words import LANGUAGES, Language, key_of

Three = dict[Language, str]


@dataclass(frozen=True)
class Known:
    """A known value: its words, and what is said of a product that has it. `alone`: clear without its label."""

    words: Three
    says: Three | None = None
    alone: bool = False


@dataclass(frozen=True)
class Concept:
    """An attribute. See `attributes.yaml` for the fields."""

    name: str
    label: Three
    takes: str
    says: Three | None
    point: Three | None
    measure: Three | None
    part: dict[Language, Noun] | None
    values: dict[str, Known]
    of: str = ""


@cache
def concepts() -> dict[str, Concept]:
    """Every concept by its own name."""
    text = (resources.files(__package__) / "attributes.yaml").read_text(encoding="utf-8")
    return {name: _concept(name, entry) for name, entry in yaml.safe_load(text).items()}


@cache
def concept_names() -> dict[str, Concept]:
    """Every name of an attribute, as `key_of` gives it, to its concept."""
    text = (resources.files(__package__) / "attributes.yaml").read_text(encoding="utf-8")
    found: dict[str, Concept] = {}
    for name, entry in yaml.safe_load(text).items():
        for word in (*entry["names"], *entry["label"]) if entry["names"] else ():
            found.setdefault(key_of(str(word)), concepts()[name])
    return found


def concept_of(name: str) -> Concept | None:
    """The concept that an attribute's name means, or None."""
    return concept_names().get(key_of(name))


def _concept(name: str, entry: dict[str, Any]) -> Concept:
    part = entry.get("part")
    return Concept(
        name=name,
        label=_three(entry["label"]),
        takes=entry.get("takes", "text"),
        says=_three(entry["says"]) if "says" in entry else None,
        point=_three(entry["point"]) if "point" in entry else None,
        measure=_three(entry["measure"]) if "measure" in entry else None,
        part=_part(part) if part else None,
        values=_values(entry.get("values", {})),
        of=entry.get("of", ""),
    )


def _part(words: list[str]) -> dict[Language, Noun]:
    english = words[0].removeprefix("p ")
    first = Noun(english, english, plural=english != words[0])
    return {
        "en": first,
        "de": gendered(words[1], like=first),
        "fr": gendered(words[2], like=first),
    }


def _values(entries: dict[str, dict[str, Any]]) -> dict[str, Known]:
    found: dict[str, Known] = {}
    for english, entry in entries.items():
        words = _three([english, *entry["words"]])
        known = Known(words, _three(entry["says"]) if "says" in entry else None, bool(entry.get("alone")))
        for word in (*words.values(), *entry.get("also", ())):
            found.setdefault(key_of(str(word)), known)
    return found


def _three(words: list[str]) -> Three:
    return dict(zip(LANGUAGES, map(str, words), strict=True))
