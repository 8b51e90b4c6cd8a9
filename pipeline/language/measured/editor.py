"""Decides which phrases may be printed: those within the rules of every caption and the collection's voice."""

import re
from dataclasses import dataclass

from pipeline.language.base import Voice
from pipeline.language.checks import text_faults
from pipeline.language.lexicon.words import key_of
from pipeline.language.voices import banned_in, replaced


@dataclass(frozen=True)
class Editor:
    """`refused`: words that a review objected to; no phrase may contain them."""

    voice: Voice
    refused: frozenset[str] = frozenset()

    def edited(self, phrase: str) -> str | None:
        """The phrase in the collection's words, on one line, or None if it may not be printed."""
        text = " ".join(replaced(phrase, self.voice).split())
        if not text or banned_in(text, self.voice) or text_faults(text):
            return None
        return None if any(_has(text, words) for words in self.refused) else text

    def title(self, title: str) -> str:
        """The title in the collection's words; banned words are left out."""
        text = replaced(title, self.voice)
        for word in banned_in(text, self.voice):
            text = _without(text, word)
        return " ".join(text.split()).strip(" ,-–")


def _has(text: str, words: str) -> bool:
    return re.search(rf"(?<!\w){re.escape(key_of(words))}(?!\w)", key_of(text)) is not None


def _without(text: str, words: str) -> str:
    at = text.casefold().find(words.casefold())
    while at >= 0:
        text = text[:at] + text[at + len(words) :]
        at = text.casefold().find(words.casefold())
    return text
