"""Checks the form of every caption: lengths, links, markup, banned words. `claims` checks what it says."""

import re
from collections import Counter
from collections.abc import Sequence

from pipeline.core.records import Caption
from pipeline.language.base import TitleRule, Voice
from pipeline.language.voices import banned_in

PLAIN = Voice()

LIMITS = {"title": 90, "description": 700, "alt_text": 125, "prompt": 200}  # characters
BULLETS, BULLET = 5, 160  # how many, and characters of each
FORBIDDEN = (
    (r"https?://|www\.|\b[\w.-]+@[\w-]+\.\w+|\b[\w-]+\.(?:com|net|org|shop)\b", "a link or an address"),
    (r"<[a-z/!][^>]*>", "markup"),
    (r"[\x00-\x08\x0b-\x1f\x7f\u200b-\u200f\u202a-\u202e\u2060-\u2069]", "a control character"),
)


def faults_of(caption: Caption, rules: Sequence[TitleRule] = (), voice: Voice = PLAIN) -> tuple[str, ...]:
    """The faults of a caption, as text; empty if it may be published.

    `rules`: what the shoot's channels permit in a title; `voice`: that of the shoot's collection.
    """
    shown = _shown(caption)
    banned = [f"{name} has the banned word {word!r}" for name, text in shown.items() for word in banned_in(text, voice)]
    texts = {**shown, "prompt": caption.prompt}
    texts |= {f"attribute {name}": value for name, value in caption.attributes.items()}
    faults = [f"{name} {fault}" for name, text in texts.items() for fault in text_faults(text)]
    return (*faults, *banned, *_lengths(caption), *_titles(caption, rules))


def _shown(caption: Caption) -> dict[str, str]:
    """Every text that a shopper sees, by its name."""
    texts = {name: str(getattr(caption, name)) for name in LIMITS if name != "prompt"}
    texts |= {f"alt_text of {angle}": text for angle, text in caption.alt_texts.items()}
    texts |= {f"bullet {number}": text for number, text in enumerate(caption.bullets, 1)}
    return texts | {f"title for {channel}": text for channel, text in caption.titles.items()}


def repeated(title: str, times: int) -> tuple[str, ...]:
    """The words that `title` has more than `times` times, whatever their case."""
    counts = Counter(word.casefold() for word in re.findall(r"\w+(?:[-'\u2019]\w+)*", title))
    return tuple(word for word, count in counts.items() if count > times)


def _titles(caption: Caption, rules: Sequence[TitleRule]) -> list[str]:
    """Faults of the titles for channels."""
    faults = []
    for rule in rules:
        title = caption.titles.get(rule.channel, "")
        if len(title) > rule.characters:
            faults.append(f"title for {rule.channel} has {len(title)} characters, more than {rule.characters}")
        if rule.repeats is not None:
            faults += [
                f"title for {rule.channel} has the word {word!r} more than {rule.repeats} times"
                for word in repeated(title, rule.repeats)
            ]
    return faults


def cut(text: str, limit: int) -> str:
    """`text` as one line of at most `limit` characters, cut between words."""
    line = " ".join(text.split())
    if len(line) <= limit:
        return line
    head, _, _ = line[: limit - 1].rpartition(" ")
    return (head or line[: limit - 1]).rstrip(" ,;:.") + "…"


def text_faults(text: str) -> list[str]:
    """What no text may have: links, markup, control characters."""
    return [f"contains {what}" for pattern, what in FORBIDDEN if re.search(pattern, text, re.IGNORECASE)]


def _lengths(caption: Caption) -> list[str]:
    faults = []
    for name, limit in LIMITS.items():
        text = str(getattr(caption, name))
        if not text.strip():
            faults.append(f"{name} is empty")
        elif len(text) > limit:
            faults.append(f"{name} has {len(text)} characters, more than {limit}")
    if len(caption.bullets) > BULLETS:
        faults.append(f"there are {len(caption.bullets)} bullets, more than {BULLETS}")
    faults += [
        f"bullet {number} has {len(text)} characters, more than {BULLET}"
        for number, text in enumerate(caption.bullets, 1)
        if len(text) > BULLET
    ]
    limit = LIMITS["alt_text"]
    return faults + [
        f"alt_text of {angle} has {len(text)} characters, more than {limit}"
        for angle, text in caption.alt_texts.items()
        if len(text) > limit
    ]
