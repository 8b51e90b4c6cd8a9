"""Text that people type: names of products, notes, prompts. Finds characters that nobody can see."""

import unicodedata
from typing import Annotated

from pydantic import AfterValidator, Field

_JOINERS = "\u200c\u200d"  # visible in their effect: emoji sequences, and letters of Persian and Indic scripts
_FILLERS = "\u034f\u115f\u1160\u17b4\u17b5\u2800\u3164\uffa0"  # letters and symbols that draw nothing
_HIDDEN = {"Cc", "Cf", "Cs", "Co", "Zl", "Zp"}  # Unicode's general categories


def hidden_character(text: str) -> str | None:
    """The first invisible character of `text` as `U+202E (RIGHT-TO-LEFT OVERRIDE)`, or None.

    Line breaks and tabs are not counted, nor are joiners between two characters beyond ASCII.
    """
    for position, character in enumerate(text):
        hidden = unicodedata.category(character) in _HIDDEN and character not in "\n\t"
        if character in _JOINERS:
            around = text[max(0, position - 1) : position] + text[position + 1 : position + 2]
            hidden = len(around) < 2 or around.isascii() or any(other < "\x80" for other in around)
        if hidden or character in _FILLERS:
            name = unicodedata.name(character, "")
            return f"U+{ord(character):04X}" + (f" ({name})" if name else "")
    return None


def _visible(text: str) -> str:
    """`text` without surrounding space. Raises ValueError when nothing in it can be seen."""
    if not any(unicodedata.category(character)[0] in "LNPS" for character in text):
        raise ValueError("is blank; write what people should read")
    hidden = hidden_character(text)
    if hidden:
        raise ValueError(f"has the invisible character {hidden}; remove it")
    return text.strip()


Line = Annotated[str, Field(min_length=1, max_length=2000, pattern=r"^[^\n\r]*\n?$"), AfterValidator(_visible)]
"""One line of visible text; the line break that YAML's `|` leaves at its end is removed."""

Paragraph = Annotated[str, Field(min_length=1, max_length=4000), AfterValidator(_visible)]
"""Visible text with line breaks."""
