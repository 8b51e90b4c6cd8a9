"""How the words of a brief are compared: without case, accents, hyphens and apostrophes."""

import re
import unicodedata
from functools import lru_cache

WHOLE = {"wär": "wäre", "hätt": "hätte", "würd": "würde"}
Key = tuple[str, ...]


@lru_cache(maxsize=65536)
def fold(word: str) -> str:
    """A word in lower case, without accents; `wär` as `wäre`, for `war` says what was."""
    lower = word.lower()
    plain = unicodedata.normalize("NFKD", WHOLE.get(lower, lower).replace("ß", "ss").replace("œ", "oe"))
    return "".join(character for character in plain if not unicodedata.combining(character))


def key_of(phrase: str) -> Key:
    """The words of a phrase, folded; hyphens and apostrophes separate words."""
    return tuple(re.findall(r"[^\W\d_]+|\d+", fold(phrase)))
