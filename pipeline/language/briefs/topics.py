"""What a change refers to after a statement: in `the light is too hard, make it softer` to the light."""

from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise

from pipeline.language.briefs.cues import cue
from pipeline.language.briefs.lexeme import Lexeme
from pipeline.language.briefs.lexicon import COURTESY, TALK
from pipeline.language.briefs.utterance import Spans, Utterance

TOPICS = frozenset({"LIGHT", "SHADOW", "CONTRAST", "BRIGHTNESS", "BACKDROP"})
VIEWS = frozenset({"SIDE", "UP", "OWN_ANGLE", "THREEQ"})
OF_LAMP = frozenset({"SOFT", "HARD", "STRONG", "FAINT", "SIDE", "UP", "REMOVE", "MORE", "LESS"})
OF_AMOUNT = frozenset({"MORE", "LESS", "NUM"})
OF_PICTURE = frozenset({"BRIGHTER", "DARKER", "CONTRAST", "BRIGHTNESS", "SHARPEN", "CROP", "ROTATE", "RATIO"})
CHANGED_BY = {
    "LIGHT": OF_LAMP, "SHADOW": OF_LAMP, "CONTRAST": OF_AMOUNT, "BRIGHTNESS": OF_AMOUNT,
    "BACKDROP": frozenset({"BRIGHTER", "DARKER", "COLOUR", "TONE", "MATERIAL", "EXTEND"}),
}  # fmt: skip
PRONOUNS, EVERYTHING = cue("pronouns"), cue("everything")
OPENING = frozenset({COURTESY, TALK, "AND", "COLON", "RETRACT", "MAKE"})


def topics(heard: Utterance) -> Spans:
    """None: the pronoun of a clause becomes the thing that the statement before it is about."""
    clauses = list(heard.clauses())
    for (first, end), (start, stop) in reversed(list(pairwise(clauses))):
        topic = _topic(heard, first, end)
        own = VIEWS if topic and topic[0].kind in VIEWS else VIEWS | TOPICS
        if topic and not heard.kinds(start, stop) & own:
            _refer(heard, topic, start, stop)
    yield from ()


def _topic(heard: Utterance, first: int, end: int) -> list[Lexeme]:
    """The thing, or the sides of the view, that a clause states something about; empty if it asks for something."""
    if not heard.kinds(first, end) <= {TALK, COURTESY}:
        return []
    meant = heard.read[first:end]
    things = [one for one in meant if one.kind in TOPICS]
    views = [one for one in meant if one.kind in VIEWS]
    return things if len(things) == 1 else views if not things else []


def _refer(heard: Utterance, topic: Sequence[Lexeme], start: int, stop: int) -> None:
    """Put a thing in the place of its pronoun, and a view before a change of its picture."""
    kinds = heard.kinds(start, stop)
    if topic[0].kind in VIEWS:
        if kinds & OF_PICTURE and not heard.said(start, stop) & EVERYTHING:
            at = next(at for at in range(start, stop) if heard.kind(at) not in OPENING)
            heard.tokens[at:at] = topic
            heard.words[at:at] = [""] * len(topic)
    elif kinds & CHANGED_BY[topic[0].kind]:
        at = next((at for at in range(start, stop) if heard.words[at].rpartition("'")[2] in PRONOUNS), stop)
        if at < stop:
            one = heard.tokens[at]
            heard.tokens[at] = replace(topic[0], start=one.start, end=one.end)
