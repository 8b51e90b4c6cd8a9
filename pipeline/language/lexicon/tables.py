"""Categories with their nouns, colours, materials and countries, from the tables beside this module."""

import re
from dataclasses import dataclass
from functools import cache

from pipeline.language.lexicon.named import said
from pipeline.language.lexicon.words import LANGUAGES, Language, key_of, others, rows

ADJECTIVES = 5  # the column of a country's adjectives
PRONOUN = "US"  # a name of a country that a text may use as a pronoun
KINDS = {"p", "u", "b"}
UNIFORM = 4  # forms of a French adjective: masculine, feminine, and the plurals of both


@dataclass(frozen=True)
class Noun:
    """A noun of one language. `gender`: m, f, n, or empty in English. `coloured`: measured colours describe it."""

    text: str
    plurals: str
    gender: str = ""
    plural: bool = False
    counted: bool = True
    coloured: bool = True

    @property
    def form(self) -> int:
        """Which of four forms agrees with it: masculine, feminine, masculine plural, feminine plural."""
        return (1 if self.gender == "f" else 0) + (2 if self.plural else 0)


@dataclass(frozen=True)
class Colour:
    """A colour: before an English noun, after German `in`, and the four forms of the French adjective."""

    en: str
    de: str
    fr: tuple[str, ...]

    def text(self, language: Language, form: int = 0) -> str:
        """Its word; `form`: of the French noun that it belongs to."""
        return self.fr[form] if language == "fr" else str(getattr(self, language))


@dataclass(frozen=True)
class Material:
    """A material: before an English noun (`before`), and after made of, aus, en."""

    before: str
    en: str
    de: str
    fr: str


Category = dict[Language, Noun]


@cache
def categories() -> dict[str, Category]:
    """Every word for a category, as `key_of` gives it, to its nouns; the first in the table where two share a word."""
    found: dict[str, Category] = {}
    for language in LANGUAGES:
        for word, category in categories_in(language).items():
            found.setdefault(word, category)
    return found


@cache
def categories_in(language: Language) -> dict[str, Category]:
    """Every word of `language` for a category: Tee is a drink in German, and a shirt in English."""
    found: dict[str, Category] = {}
    for category, also in _categories():
        words = [*_written(category[language])]
        words += [form for word in also if _like(word) == language for form in (word, _plural(word))]
        for word in words:
            found.setdefault(key_of(word), category)
    return found


def category_of(words: str, source: Language) -> Category | None:
    """The category that `words` of the language `source` name, or words of another language."""
    key = key_of(words)
    return categories_in(source).get(key) or categories().get(key)


@cache
def _categories() -> list[tuple[Category, list[str]]]:
    """The table's lines: the nouns, and the other words."""
    made = []
    for columns in rows("categories.txt"):
        mark, _, rest = columns[0].partition(" ")
        english = _english(mark, rest if mark in KINDS else columns[0])
        category: Category = {
            "en": english,
            "de": gendered(columns[1], like=english),
            "fr": gendered(columns[2], like=english),
        }
        made.append((category, others(columns, 3)))
    return made


@cache
def forms(language: Language) -> frozenset[str]:
    """The keys of every category, colour and material in `language`, by which a text's language is recognised."""
    nouns = set(categories_in(language))
    shades = {key_of(form) for colour in colours().values() for form in _forms_of(colour, language)}
    stuffs = {key_of(str(getattr(material, language))) for material in materials().values()}
    before = {key_of(material.before) for material in materials().values()} if language == "en" else set()
    return frozenset(nouns | shades | stuffs | before)


def _like(word: str) -> Language:
    """The language that another word for a category is in, by its spelling."""
    if re.search(r"[àâçéèêëîïôûœ’]| (?:de|à|en) ", word):
        return "fr"
    return "de" if word[:1].isupper() and not word.isupper() else "en"


@cache
def colours() -> dict[str, Colour]:
    """Every word for a colour, as `key_of` gives it."""
    found: dict[str, Colour] = {}
    made = []
    for columns in said("colours"):
        french = tuple(columns[2].split(","))
        colour = Colour(columns[0], columns[1], french if len(french) == UNIFORM else french * UNIFORM)
        made.append((colour, columns))
    for colour, _ in made:
        found.setdefault(key_of(colour.en), colour)
    for colour, columns in made:
        for word in (colour.de, *colour.fr, *others(columns, 3)):
            found.setdefault(key_of(word), colour)
    return found


@cache
def materials() -> dict[str, Material]:
    """Every word for a material, as `key_of` gives it."""
    found: dict[str, Material] = {}
    for columns in said("materials"):
        material = Material(columns[0], columns[1], columns[2], columns[3])
        for word in (*columns[:4], *others(columns, 4)):
            found.setdefault(key_of(word), material)
    return found


@cache
def countries() -> dict[str, dict[Language, str]]:
    """Every name of a country to what stands after made in, hergestellt and fabriqué."""
    found: dict[str, dict[Language, str]] = {}
    for columns in rows("countries.txt"):
        phrases = dict(zip(LANGUAGES, columns[1:4], strict=True))
        for name in _country_names(columns):
            found.setdefault(key_of(name), phrases)
    return found


@cache
def country_codes() -> dict[str, str]:
    """Every name of a country in lower case to its ISO 3166 code; England, Scotland and Wales are parts of GB."""
    table = rows("countries.txt")
    return {name.lower(): columns[0] for columns in table for name in _country_names(columns) if name != PRONOUN}


@cache
def country_adjectives() -> dict[str, str]:
    """Stems of the adjectives of countries (`austrian`, `französisch`) to ISO 3166 codes."""
    table = [columns for columns in rows("countries.txt") if len(columns) > ADJECTIVES]
    return {stem.replace("-", " "): columns[0] for columns in table for stem in columns[ADJECTIVES].split()}


def _country_names(columns: list[str]) -> list[str]:
    """English name, the others without their preposition, and what else it is called."""
    return [columns[1], *(phrase.split(" ", 1)[1] for phrase in columns[2:4]), *others(columns, 4)]


def _forms_of(colour: Colour, language: Language) -> tuple[str, ...]:
    return colour.fr if language == "fr" else (str(getattr(colour, language)),)


def _written(noun: Noun) -> tuple[str, ...]:
    """The forms in which a title or a category may have the noun: a single sneaker too."""
    single = noun.text.removesuffix("s") if noun.plural and not noun.gender else noun.text
    return (noun.text, noun.plurals, single)


def _plural(word: str) -> str:
    """The regular English plural, which is also that of most French nouns."""
    if re.search(r"(?:ch|sh|s|x)$", word):
        return f"{word}es"
    return f"{word[:-1]}ies" if re.search(r"[^aeiou]y$", word) else f"{word}s"


def _english(mark: str, text: str) -> Noun:
    single, _, plurals = text.partition("/")
    return Noun(
        single,
        plurals or (single if mark in {"p", "u"} else _plural(single)),
        plural=mark == "p",
        counted=mark != "u",
        coloured=mark not in {"u", "b"},
    )


def gendered(column: str, *, like: Noun) -> Noun:
    """`m Becher/Becher`; `fp baskets` and `p Sneaker` are plural. `like`: the English noun."""
    kind, _, rest = column.partition(" ")
    text, _, plurals = rest.partition("/")
    plural = kind.endswith("p")
    own = plurals or (text if plural else f"{text}s")
    return Noun(text, own, kind.removesuffix("p"), plural, like.counted, like.coloured)
