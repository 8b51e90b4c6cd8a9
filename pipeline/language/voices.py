"""Chooses the voice of a shoot's collection, and applies it: banned words, and words used in their place."""

import re
from collections.abc import Mapping
from functools import partial
from typing import Any

from pipeline.language.base import Voice


def with_one_voice(values: Any) -> Any:
    """A caption step's raw params with `voice` in place of `voices` and `collection`. For a validator, mode "before".

    `voices`: collection to voice; the voice of `collection` replaces the `voice` for all. Every voice is validated,
    but only the chosen one reaches the step's key. Raises ValueError as validators do.
    """
    if not isinstance(values, Mapping):
        return values
    rest = {name: value for name, value in values.items() if name not in {"voices", "collection"}}
    voices = values.get("voices")
    if voices is None:
        return rest
    if not isinstance(voices, Mapping):
        raise ValueError(f"voices must be `COLLECTION: {{tone, banned, instead}}` pairs, not {voices!r}")  # noqa: TRY004
    chosen = {name: Voice.model_validate(voice) for name, voice in voices.items()}.get(values.get("collection"))
    return rest if chosen is None else {**rest, "voice": chosen}


def replaced(text: str, voice: Voice) -> str:
    """`text` with every word of `instead` replaced; an initial capital is kept."""
    for word, other in voice.instead.items():
        text = _pattern(word).sub(partial(_like, other=other), text)
    return text


def banned_in(text: str, voice: Voice) -> tuple[str, ...]:
    """The banned words and phrases that `text` contains, whatever their case."""
    return tuple(word for word in voice.banned if _pattern(word).search(text))


def _pattern(word: str) -> re.Pattern[str]:
    return re.compile(rf"(?<!\w){re.escape(word)}(?!\w)", re.IGNORECASE)


def _like(found: re.Match[str], other: str) -> str:
    return other[:1].upper() + other[1:] if found[0][:1].isupper() else other
