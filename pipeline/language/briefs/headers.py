"""Lists: what a heading says of its items, as in `Remove:` and a list of parts, or `Front:` and a list of edits."""

import re
from dataclasses import replace

from pipeline.language.briefs.lexeme import Lexeme
from pipeline.language.briefs.lexicon import COURTESY, TALK
from pipeline.language.briefs.utterance import Spans, Utterance

CARRIED = frozenset({"REMOVE", "NOT", "NO", "LIGHT", "SHADOW", "BACKDROP", "CROP", "CHANNELS"})
"""What a heading says of each of its items."""
LABELS = frozenset({"BACKDROP", "CROP", "LIGHT", "SHADOW", "VIEW", "CHANNELS"})
"""What may stand before a dash that means a colon."""
VIEWS = frozenset({"SIDE", "UP", "DOWN", "THREEQ", "OBLIQUE", "OWN_ANGLE", "NUM", "DEG"})
NAMED = VIEWS - {"NUM", "DEG"}
BESIDE = frozenset({COURTESY, TALK, "PRODUCT", "MAKE", "FROM", "VIEW", "AND"})
BULLET = re.compile(r"[ \t]*(?:[-*>\u2022\u2013\u00b7]|\w{1,2}[./)]|\[[ xX]?\])")
DASH = re.compile(r"[ ][-\u2013\u2014][ ]")


def headings(heard: Utterance) -> Spans:
    """Headings whose items have taken over what they say. The items of a view, and parts of an item, are joined."""
    at = 0
    while at < len(heard.tokens):
        end = _end_of_line(heard, at)
        if heard.kind(at) in LABELS and at + 1 < end and heard.kind(at + 1) == "STOP":  # `Backdrop - white`
            heard.tokens[at + 1] = replace(heard.tokens[at + 1], kind="COLON")
        items = _items(heard, end)
        if items and heard.kind(end - 1) == "COLON":
            carried = [one for one in heard.tokens[at : end - 1] if one.kind not in BESIDE]
            if len(carried) == 1 and carried[0].kind in CARRIED:
                _carry(heard, carried[0], items)
                yield at, end
            elif all(one.kind in VIEWS for one in carried) and any(one.kind in NAMED for one in carried):
                _join(heard, [end, *items])
        if (
            items
            and not _is_bullet(heard, at - 1)
            and not heard.asks(at, end)
            and not heard.kinds(at, end) & (CARRIED | {"CHANGE", "ADD"})
        ):
            yield at, end  # `changes that the shop asks for`
        _join(heard, _parts(heard, at, end, items))
        at = end + 1


def _end_of_line(heard: Utterance, at: int) -> int:
    return next((end for end in range(at, len(heard.tokens)) if _is_end(heard.tokens[end])), len(heard.tokens))


def _is_end(one: Lexeme) -> bool:
    return one.kind == "STOP" and not DASH.fullmatch(one.value)


def _is_bullet(heard: Utterance, at: int) -> bool:
    one = heard.at(at)
    return one is not None and one.kind == "STOP" and bool(BULLET.fullmatch(one.value))


def _indent(heard: Utterance, at: int) -> int:
    value = heard.tokens[at].value
    return len(value) - len(value.lstrip())


def _items(heard: Utterance, end: int) -> list[int]:
    """The bullets of the list that follows a line which ends at `end`."""
    found: list[int] = []
    while heard.kind(end) == "STOP" and _is_bullet(heard, end + 1):
        found.append(end + 1)
        end = _end_of_line(heard, end + 2)
    return found


def _parts(heard: Utterance, at: int, end: int, items: list[int]) -> list[int]:
    """The separators inside an item: dashes, and bullets of a list below it that stands further in."""
    if not _is_bullet(heard, at - 1):
        return []
    parts = [dash for dash in range(at, end) if heard.kind(dash) == "STOP"]
    deeper: list[int] = []
    for item in items:
        if _indent(heard, item) <= _indent(heard, at - 1):
            break
        deeper += [item - 1, item]
    return parts + deeper


def _join(heard: Utterance, ends: list[int]) -> None:
    for at in ends:
        if 0 <= at < len(heard.tokens) and heard.kind(at) == "STOP":
            heard.tokens[at] = replace(heard.tokens[at], kind="COMMA")
            if heard.kind(at - 1) == "STOP":
                heard.tokens[at - 1] = replace(heard.tokens[at - 1], kind="COMMA")


def _carry(heard: Utterance, one: Lexeme, items: list[int]) -> None:
    """Put what the heading says before each item."""
    for at in reversed(items):
        if at + 1 < len(heard.tokens):
            start = heard.tokens[at + 1].start
            heard.tokens.insert(at + 1, replace(one, start=start, end=start))
            heard.read.insert(at + 1, replace(one, start=start, end=start))
            heard.words.insert(at + 1, "")
