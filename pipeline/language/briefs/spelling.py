"""Words of a brief with one letter wrong: read as the word that is meant, if only one is that near.

A word that stands in a dictionary is never taken for another: `beach` is no `beech`, and `plants` are no `planks`.
"""

import string
from collections.abc import Iterable
from functools import cache

from spellchecker import SpellChecker

from pipeline.language.briefs.fold import fold
from pipeline.language.briefs.lexicon import COURTESY, TALK, Lexicon
from pipeline.language.briefs.plan import LANGUAGES

SHORTEST = 5  # letters of a known word: shorter ones have too many neighbours, unless letters are swapped only


def spellings(unknown: Iterable[str], words: Lexicon) -> dict[str, str]:
    """Folded word to the known word that it is one letter away from, for those that are certain."""
    return {fold(word): known for word in unknown if (known := _meant(word, words))}


def _meant(word: str, words: Lexicon) -> str | None:
    """The known word whose letters are one change, swap, gap or addition away; None if there is none, or are several.

    Several words with one meaning, such as `hell` and `helle`, count as one.
    """
    folded = fold(word)
    near = {known for known in _one_letter_away(folded) & words.single if len(known) >= SHORTEST}
    near |= {known for known in _swapped(folded) & words.single if len(known) == SHORTEST - 1}
    meanings = {_meaning(known, words) for known in near}
    return min(near) if len(meanings) == 1 and not in_a_dictionary(word) else None


def _meaning(known: str, words: Lexicon) -> tuple[str, str]:
    first = words.entries[(known,)][0]
    return ("", "") if first.kind in {COURTESY, TALK} else (first.kind, first.value)


def _one_letter_away(word: str) -> set[str]:
    splits = [(word[:at], word[at:]) for at in range(len(word) + 1)]
    letters = string.ascii_lowercase
    changed = {start + letter + end[1:] for start, end in splits if end for letter in letters}
    without = {start + end[1:] for start, end in splits if end}
    longer = {start + letter + end for start, end in splits for letter in letters}
    return changed | _swapped(word) | without | longer


def _swapped(word: str) -> set[str]:
    """The word with two letters that follow each other swapped; the first stays, as it does in most slips."""
    return {word[:at] + word[at + 1] + word[at] + word[at + 2 :] for at in range(1, len(word) - 1)}


def in_a_dictionary(word: str) -> bool:
    """Whether a word stands in the dictionary of a language that briefs can be in."""
    return any(form in dictionary for dictionary in _dictionaries() for form in (word.lower(), fold(word)))


@cache
def _dictionaries() -> tuple[frozenset[str], ...]:
    """The words of each language that briefs can be in. They take most of a second to load, so only where needed."""
    return tuple(frozenset(SpellChecker(language=language).word_frequency.words()) for language in LANGUAGES)
