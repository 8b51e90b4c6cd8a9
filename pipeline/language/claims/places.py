"""Countries and their adjectives as a claim of origin names them, in English, German and French."""

import re
from collections.abc import Iterator
from functools import cache
from importlib import resources
from typing import NamedTuple

DEMONYMS = {  # ISO 3166 code: adjectives in the three languages, by their stems
    "AT": "austrian österreichisch autrichien",
    "AU": "australian australisch australien",
    "BE": "belgian belgisch belge",
    "BR": "brazilian brasilianisch brésilien",
    "CA": "canadian kanadisch canadien",
    "CH": "swiss schweizer suisse",
    "CN": "chinese chinesisch chinois",
    "CZ": "czech tschechisch tchèque",
    "DE": "german deutsch allemand",
    "DK": "danish dänisch danois",
    "EG": "egyptian ägyptisch égyptien",
    "ES": "spanish spanisch espagnol",
    "FI": "finnish finnisch finlandais",
    "FR": "french französisch français",
    "GB": "british english scottish welsh britisch englisch schottisch britannique anglais écossais",
    "GR": "greek griechisch grec",
    "IE": "irish irisch irlandais",
    "IN": "indian indisch indien",
    "IT": "italian italienisch italien",
    "JP": "japanese japanisch japonais",
    "KR": "korean koreanisch coréen",
    "MA": "moroccan marokkanisch marocain",
    "MX": "mexican mexikanisch mexicain",
    "NL": "dutch niederländisch holländisch néerlandais hollandais",
    "NO": "norwegian norwegisch norvégien",
    "NZ": "new-zealand neuseeländisch néo-zélandais",
    "PE": "peruvian peruanisch péruvien",
    "PL": "polish polnisch polonais",
    "PT": "portuguese portugiesisch portugais",
    "SE": "swedish schwedisch suédois",
    "TR": "turkish türkisch turc",
    "US": "american amerikanisch américain",
    "XN": "scandinavian nordic skandinavisch nordisch scandinave nordique",  # no country; beside ISO's codes
}
SHORT = {"usa": "US", "u.s.a.": "US", "uk": "GB", "england": "GB", "scotland": "GB", "wales": "GB", "britain": "GB",
         "holland": "NL", "scandinavia": "XN", "skandinavien": "XN", "scandinavie": "XN", "europe": "EU",
         "europa": "EU",
         "états-unis": "US", "angleterre": "GB", "écosse": "GB", "eu": "EU", "the eu": "EU", "ue": "EU"}  # fmt: skip
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

    names = dict(SHORT) | dict.fromkeys(LOCAL, "local") | _regions()
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
    pairs = [(stem.replace("-", " "), code) for code, stems in DEMONYMS.items() for stem in stems.split()]
    return sorted(pairs, key=lambda pair: -len(pair[0]))


@cache
def _pattern() -> re.Pattern[str]:
    names = sorted(map(re.escape, _names()), key=len, reverse=True)
    stems = "|".join(re.escape(stem) for stem, _ in _stems())
    return re.compile(rf"(?<![\w-])(?:{'|'.join(names)}|(?:{stems}){INFLECTED})(?!\w)", re.IGNORECASE)
