"""Countries and their adjectives as a claim of origin names them, in English, German and French."""

import re
from collections.abc import Iterator
from functools import cache
from importlib import resources
from typing import NamedTuple

from pipeline.language.lexicon.tables import country_adjectives, country_codes

BEYOND = {  # names that are of no country; `XN` stands beside ISO's codes
    "scandinavia": "XN", "skandinavien": "XN", "scandinavie": "XN",
    "europe": "EU", "europa": "EU", "eu": "EU", "the eu": "EU", "ue": "EU",
}  # fmt: skip
NORDIC = ("scandinavian", "nordic", "skandinavisch", "nordisch", "scandinave", "nordique")
LOCAL = ("locally made", "regional gefertigt", "made locally", "fabrication locale")
INFLECTED = r"(?:e|er|es|em|en|s|ne|nes|ienne|iennes)?"


class Place(NamedTuple):
    """A place in a text as claimed origin: a country by its code, a region or city as `IT Tuscany`."""

    code: str
    words: str
    start: int
    end: int


def places(text: str) -> Iterator[Place]:
    """Every country, region, city and adjective of a country in `text`."""
    for match in _pattern().finditer(text):
        words = match[0].lower()
        code = _names().get(words) or next(code for stem, code in _stems() if words.startswith(stem))
        yield Place(code, match[0], *match.span())


@cache
def _names() -> dict[str, str]:
    from babel import Locale

    names = country_codes() | BEYOND | dict.fromkeys(LOCAL, "local") | _regions()
    for language in ("en", "de", "fr"):
        territories = Locale(language).territories
        names |= {name.lower(): code for code, name in territories.items() if len(code) == 2 and code.isalpha()}
    return names


def _regions() -> dict[str, str]:
    lines = (resources.files(__package__) / "terms" / "regions.txt").read_text(encoding="utf-8").splitlines()
    names: dict[str, str] = {}
    for line in lines:
        if line.startswith("#"):
            continue
        country, *columns = (column.strip() for column in line.split("|"))
        spoken = [name.strip() for column in columns for name in column.split(",")]
        names |= {name.lower(): f"{country} {spoken[0]}" for name in spoken}
    return names


@cache
def _stems() -> list[tuple[str, str]]:
    stems = country_adjectives() | dict.fromkeys(NORDIC, "XN")
    return sorted(stems.items(), key=lambda pair: -len(pair[0]))


@cache
def _pattern() -> re.Pattern[str]:
    names = sorted(map(re.escape, _names()), key=len, reverse=True)
    stems = "|".join(re.escape(stem) for stem, _ in _stems())
    return re.compile(rf"(?<![\w-])(?:{'|'.join(names)}|(?:{stems}){INFLECTED})(?!\w)", re.IGNORECASE)
