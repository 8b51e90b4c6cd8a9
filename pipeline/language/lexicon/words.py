"""Languages, and how words are compared."""

import re
import unicodedata
from collections.abc import Sequence
from importlib import resources
from typing import Literal

from babel import Locale
from babel.lists import format_list

Language = Literal["en", "de", "fr"]
LANGUAGES: tuple[Language, ...] = ("en", "de", "fr")
QUOTES: dict[Language, tuple[str, str]] = {
    "en": ("\u201c", "\u201d"),
    "de": ("\u201e", "\u201c"),
    "fr": ("\u00ab ", " \u00bb"),
}
MARKS = " '\"\u2018\u2019\u201c\u201d\u201e\u00ab\u00bb"
LIST_MARKS = re.compile(r"\s*[,;/&+]\s*|\s+(?:and|und|et)\s+", re.IGNORECASE)
COMMON: dict[str, frozenset[str]] = {  # words by which a language is recognised
    language: frozenset(words.split())
    for language, words in (
        ("en", "a an the and with for of in from by your this is are without"),
        ("de", "der die das und mit für aus von ein eine im ohne zum zur ist bei"),
        ("fr", "le la les et avec pour en un une des du au aux sans à par sur"),
    )
}


def key_of(text: str) -> str:
    """`text` as it is compared: without case, accents' composition, hyphens and repeated spaces."""
    plain = unicodedata.normalize("NFC", text).replace("\u2019", "'").casefold()
    return re.sub(r"[\s_\-]+", " ", plain).strip()


def initial(text: str) -> str:
    """`text` with a capital first letter."""
    return text[:1].upper() + text[1:]


def quoted(text: str, language: Language) -> str:
    """`text` in the quotation marks of `language`, without any of its own at the ends."""
    start, end = QUOTES[language]
    bare = text.strip(MARKS)
    return f"{start}{bare}{end}" if bare else text


def listed(words: Sequence[str], language: Language) -> str:
    """`A, B and C` in `language`, by Babel; British in English, without a comma before the last."""
    return format_list(list(words), locale="en_GB" if language == "en" else language)


def is_one(number: int, language: Language) -> bool:
    """Whether a noun after `number` is singular in `language`, by CLDR's plural rules."""
    return Locale(language).plural_form(number) == "one"


def rows(name: str) -> list[list[str]]:
    """The columns of every line of a table of this package, stripped. Comments start with `#`."""
    text = (resources.files(__package__) / name).read_text(encoding="utf-8")
    lines = [line for line in text.splitlines() if line.strip() and not line.startswith("#")]
    return [split_row(line) for line in lines]


def split_row(line: str) -> list[str]:
    """The columns of a line, stripped."""
    return [column.strip() for column in line.split("|")]


def others(columns: Sequence[str], at: int) -> list[str]:
    """The words in column `at`, separated by commas; empty if the line has no such column."""
    return [word.strip() for word in columns[at].split(",") if word.strip()] if len(columns) > at else []
