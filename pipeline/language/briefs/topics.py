"""What a change refers to after a statement: in `the light is too hard, make it softer` to the light."""

from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise

from pipeline.language.briefs.cues import cue
from pipeline.language.briefs.lexeme import QUALITIES, Lexeme, kinds
from pipeline.language.briefs.lexicon import COURTESY, TALK
from pipeline.language.briefs.utterance import Spans, Utterance

TOPICS = frozenset({"LIGHT", "SHADOW", "CONTRAST", "BRIGHTNESS", "BACKDROP", "PART"})
VIEWS = frozenset({"SIDE", "UP", "DOWN", "OWN_ANGLE", "THREEQ"})
EDGES = frozenset({"SIDE", "UP", "DOWN"})
OF_LAMP = frozenset({"SOFT", "HARD", "STRONG", "FAINT", "SIDE", "UP", "REMOVE", "MORE", "LESS"})
OF_AMOUNT = frozenset({"MORE", "LESS", "NUM"})
OF_PICTURE = frozenset({"BRIGHTER", "DARKER", "CONTRAST", "BRIGHTNESS", "SHARPEN", "CROP", "ROTATE", "RATIO"})
ALTERING = frozenset({"REMOVE", "CHANGE"})
CHANGED_BY = {
    "LIGHT": OF_LAMP, "SHADOW": OF_LAMP, "CONTRAST": OF_AMOUNT, "BRIGHTNESS": OF_AMOUNT,
    "PART": ALTERING,
    "BACKDROP": frozenset({"BRIGHTER", "DARKER", "COLOUR", "TONE", "MATERIAL", "EXTEND"}),
}  # fmt: skip
LAMPS = frozenset({"LIGHT", "SHADOW"})
OF_QUALITY = QUALITIES | {COURTESY, TALK} | kinds("SLIGHTLY MUCH MAKE FROM TO SIDE UP AND MORE RETRACT")
GOES_ON_FROM = cue("goes_on_from")
PRONOUNS, EVERYTHING, OTHERS = cue("pronouns"), cue("everything"), cue("others_of_them")
AIMING = EDGES | {"FROM", "TO", "MAKE", "COLON", "EV", COURTESY, TALK}
"""Kinds of a clause that only says where to; EV is the French `il`."""
LIES = frozenset({"comes", "falls", "is", "kommt", "fallt", "ist", "tombe", "vient", "arrive", "est"})
OPENING = frozenset({COURTESY, TALK, "AND", "COLON", "RETRACT", "MAKE"})


def topics(heard: Utterance) -> Spans:
    """None: the pronoun of a clause becomes the thing that the statement before it is about."""
    clauses = [clause for clause in heard.clauses() if not heard.kinds(*clause) <= {COURTESY} or _topic(heard, *clause)]
    referring: dict[int, list[Lexeme]] = {}
    for (first, end), (start, stop) in pairwise(clauses):
        topic = _topic(heard, first, end) or _carried(heard, referring.get(first, []), start, stop)
        referring[start] = topic
    for (first, end), (start, stop) in reversed(list(pairwise(clauses))):
        topic = referring[start]
        own = VIEWS if topic and topic[0].kind in VIEWS else VIEWS | TOPICS
        if (
            heard.kinds(start, stop) & QUALITIES or heard.said(start, stop) & GOES_ON_FROM
        ):  # `je la voudrais à droite et dure`
            own = own - {"SIDE", "UP"}
        if topic and not heard.kinds(start, stop) & own:
            shades = {one.kind for one in heard.read[first:end]} & {"TONE", "BRIGHTER", "DARKER"}
            _refer(heard, topic, start, stop, shaded=bool(shades))
    _refer_to_lamps(heard)
    yield from ()


def moved_lamps(heard: Utterance) -> Spans:
    """Where the light is, before where it shall be: `the light comes from the left, please from the right`."""
    for (first, end), (start, stop) in reversed(list(pairwise(list(heard.clauses())))):
        lamp = next((one for one in heard.tokens[first:end] if one.kind in LAMPS), None)
        states = lamp and heard.kinds(first, end) & EDGES and heard.said(first, end) & LIES
        kinds = heard.kinds(start, stop)
        aimed = all(one.turns for one in heard.tokens[start:stop] if one.kind == "SIDE")
        if states and lamp and aimed and kinds & EDGES and kinds <= AIMING:
            where = heard.tokens[start].start
            for tokens in (heard.tokens, heard.read):
                tokens.insert(start, replace(lamp, start=where, end=where))
            heard.words.insert(start, "")
            yield first, end


def _refer_to_lamps(heard: Utterance) -> None:
    """Put the light or the shadow before a quality that names neither: `The light is too hard. Softer, please.`."""
    for first, end in reversed([part for clause in heard.clauses() for part in _segments(heard, *clause)]):
        kinds = {one.kind for one in heard.tokens[first:end] if one.value != "1.0"}
        lamps = [one for one in heard.read[:first] if one.kind in LAMPS]
        if not lamps or not kinds & QUALITIES or not kinds <= OF_QUALITY:
            continue
        at = next(at for at in range(first, end) if heard.kind(at) in QUALITIES | {"SLIGHTLY", "MUCH"})
        start = heard.tokens[at].start
        heard.tokens.insert(at, replace(lamps[-1], start=start, end=start))
        heard.read.insert(at, heard.tokens[at])
        heard.words.insert(at, "")


def _segments(heard: Utterance, first: int, end: int) -> list[tuple[int, int]]:
    """A clause, or its parts around `and` where one of them names the light: `softer and the light from above`."""
    joints = [at for at in range(first, end) if heard.kind(at) == "AND"]
    if not joints or not heard.kinds(first, end) & LAMPS:
        return [(first, end)]
    return list(pairwise([first, *joints, end]))


def _carried(heard: Utterance, topic: list[Lexeme], start: int, stop: int) -> list[Lexeme]:
    """The light, where a clause goes on about it: `make it softer. and have it come from above`."""
    on = topic and topic[0].kind in LAMPS and heard.said(start, stop) & GOES_ON_FROM
    return topic if on else []


def _topic(heard: Utterance, first: int, end: int) -> list[Lexeme]:
    """The thing, or the sides of the view, that a clause states something about; empty if it asks for something."""
    if not heard.kinds(first, end) <= {TALK, COURTESY}:
        return []
    meant = heard.read[first:end]
    things = [one for one in meant if one.kind in TOPICS]
    things = things[:1] if things and things[0].kind == "PART" else things  # `a scratch on the lid`
    views = [one for before, one in pairwise([None, *meant]) if one and one.kind in VIEWS and not _is_to(before)]
    return things if len(things) == 1 else views if not things else []


def _verb_alone(heard: Utterance, start: int, stop: int) -> int | None:
    """Where the verb of `Bitte entfernen` or `please retouch and brighten` stands, which names nothing."""
    stop = next((at for at in range(start, stop) if heard.kind(at) == "AND"), stop)
    verbs = [at for at in range(start, stop) if heard.kind(at) in ALTERING]
    named = {*heard.said(start, stop)} & PRONOUNS or not heard.kinds(start, stop) <= {*ALTERING, COURTESY, TALK}
    return verbs[0] if verbs and not named else None


def _is_to(before: Lexeme | None) -> bool:
    return before is not None and before.kind == "TO"  # `das Bild kippt nach links`


def _refer(heard: Utterance, topic: Sequence[Lexeme], start: int, stop: int, *, shaded: bool) -> None:
    """Put a thing in the place of its pronoun, and a view before a change of its picture."""
    kinds = heard.kinds(start, stop)
    if topic[0].kind in EDGES and kinds & {"CROP", "REMOVE"} and "PCT" in kinds:  # `too much air below, cut 8% there`
        at = next(at for at in range(start, stop) if heard.kind(at) == "PCT") + 1
        where = heard.tokens[at - 1].end
        heard.tokens[at:at] = [replace(one, start=where, end=where) for one in topic]
        heard.words[at:at] = [""] * len(topic)
    elif topic[0].kind in VIEWS:
        if kinds & {"MORE", "LESS"} and "NUM" in kinds and not kinds & OF_PICTURE and shaded:
            at = next(at for at in range(start, stop) if heard.kind(at) in {"MORE", "LESS"})
            one = heard.tokens[at]
            heard.tokens.insert(at + 1, replace(one, kind="BRIGHTNESS", value="brightness", start=one.end))
            heard.words.insert(at + 1, "")
            kinds = kinds | OF_PICTURE
        if kinds & OF_PICTURE and not heard.said(start, stop) & (EVERYTHING | OTHERS):
            at = next(at for at in range(start, stop) if heard.kind(at) not in OPENING)
            heard.tokens[at:at] = topic
            heard.words[at:at] = [""] * len(topic)
    elif kinds & CHANGED_BY[topic[0].kind]:
        alone = _verb_alone(heard, start, stop) if topic[0].kind in {"PART", "SHADOW"} else None
        at = next((at for at in range(start, stop) if heard.words[at].rpartition("'")[2] in PRONOUNS), stop)
        if alone is not None and topic[0].kind == "SHADOW":
            where = heard.tokens[alone].end
            heard.tokens.insert(alone + 1, replace(topic[0], start=where, end=where))
            heard.words.insert(alone + 1, "")
        elif alone is not None:  # the wish quotes both: `a scratch on the lid, please remove`
            heard.tokens.insert(alone + 1, topic[0])
            heard.words.insert(alone + 1, "")
        elif at < stop:
            one = heard.tokens[at]
            heard.tokens[at] = replace(topic[0], start=one.start, end=one.end)
