"""Clauses that say how something is, what somebody likes, or what shall be under a condition."""

from dataclasses import replace

from pipeline.language.briefs.cues import cue
from pipeline.language.briefs.lexeme import QUALITIES
from pipeline.language.briefs.lexicon import COURTESY, TALK, UNKNOWN
from pipeline.language.briefs.statements import IS, OPINIONS, SPEAKERS, WISHING
from pipeline.language.briefs.utterance import Spans, Utterance

VIEWS = frozenset({"SIDE", "UP", "DOWN", "THREEQ", "OBLIQUE", "OWN_ANGLE"})
SHADES = frozenset({"COLOUR", "MATERIAL", "TONE", "HEX"})
DESCRIBED = frozenset({UNKNOWN, TALK, "PART", "PRODUCT"})
NAMED = VIEWS | SHADES | {"BACKDROP", "LIGHT", "SHADOW", "MOOD"}
OF_PICTURE = VIEWS | {"BACKDROP", "VIEW", "LIGHT", "SHADOW", "SCENE", "CROP", "MAKE"}
DONE, OVER, OTHERS, CHOICES = cue("done"), cue("over"), cue("others"), cue("choices")
DEFINITE, FINE = cue("definite"), cue("fine")
THEN = frozenset({"then", "dann", "alors"})
TURNING = frozenset({"turns", "comes", "gets", "wird", "werden", "sort", "devient"})
WHETHER = cue("whether")
YOU = frozenset({"you", "ihr", "du", "sie", "we", "wir", "i", "ich"})
TOO, PRONOUNS = cue("too"), cue("pronouns") | {"c'est", "c", "ca", "cela"}
IF, MISSING, OF = cue("if"), cue("missing"), cue("of")


def facts(heard: Utterance) -> Spans:
    """What is said of what there is: `the front looks great on white`, `our site is dark`, `summer is over`."""
    for first, end in heard.clauses():
        verb = next((at for at in range(first, end) if heard.words[at].rpartition("'")[2] in IS), None)
        said = heard.said(first, end)
        if verb is None or heard.words[first] in WHETHER or said & WISHING:
            continue
        before, after = heard.kinds(first, verb), heard.said(verb + 1, end)
        if not heard.asks(first, end) and not (before & SHADES and after & OVER):
            continue
        there = before & VIEWS or (before & SHADES and heard.words[first] in DEFINITE)  # `the walnut is lovely`
        praised = bool(there and after & DONE)
        coloured = _is_of_shades(heard, first, verb, end) or _is_coloured(heard, first, verb, end)
        if praised or after & OVER or coloured:
            yield first, end


def _is_coloured(heard: Utterance, first: int, verb: int, end: int) -> bool:
    """Whether something that is no backdrop is said to have a colour: `the lid is red`, `unsere Seite ist schwarz`."""
    subject = heard.kinds(first, verb) & DESCRIBED or heard.said(first, verb) & SPEAKERS
    named = heard.kinds(verb + 1, end) & SHADES
    return (
        bool(subject and named) and not heard.said(first, verb) & CHOICES and not heard.kinds(first, end) & OF_PICTURE
    )


def _is_of_shades(heard: Utterance, first: int, verb: int, end: int) -> bool:
    """Whether the bright or dark parts of the pictures are said to be somehow: `the whites are blown out`."""
    named = heard.kinds(first, verb) <= {"COLOUR", COURTESY, TALK} and heard.kind(verb - 1) == "COLOUR"
    rest = heard.kinds(verb + 1, end) <= {UNKNOWN, COURTESY, TALK, "SLIGHTLY", "MUCH", "FROM"}
    return named and rest and heard.words[first] in DEFINITE and not heard.said(verb, end) & (DONE | FINE)


def opinions(heard: Utterance) -> Spans:
    """None: what somebody likes or has is no talk where it names something, but refused: `the client loves oak`."""
    for first, end in heard.clauses():
        said = heard.said(first, end)
        shared = any(heard.kind(at) == "PCT" and heard.words[at + 1] in OF for at in range(first, end - 1))
        shared = shared and _of_people(heard, first, end)  # `50% of our buyers`
        wonders = heard.words[first] in {"ob", "whether"} and not said & YOU
        likes = wonders or (said & OPINIONS and not said & WISHING) or said & OTHERS or shared
        if likes and heard.asks(first, end) and heard.tokens[first].kind not in {"PRODUCT", "REASON"}:
            heard.tokens[first] = replace(heard.tokens[first], kind="OPINION")
    yield from ()


def _of_people(heard: Utterance, first: int, end: int) -> bool:
    return any(one.kind == TALK and one.value == "people" for one in heard.tokens[first:end])


def _depends(heard: Utterance, first: int, end: int) -> bool:
    """Whether something is said of what a condition names: `if the left side turns out blurry`."""
    subject = first + 1
    verb = next((at for at in range(subject + 1, end) if heard.said(at, at + 1) & (IS | TURNING)), subject)
    return bool(heard.kinds(subject, verb) & NAMED) and not heard.said(first, end) & (WISHING - IS)


def _doubts_it(heard: Utterance, first: int, end: int) -> bool:
    """Whether a condition is that what was asked for turns out otherwise: `if that's too dark, birch`."""
    said = heard.said(first, end)
    qualities = {"TONE", "BRIGHTER", "DARKER", *QUALITIES}
    graded = any(heard.words[at] in TOO and heard.kind(at + 1) in qualities for at in range(first, end))
    return bool(graded and said & PRONOUNS and said & IS)


def conditions(heard: Utterance) -> Spans:
    """None: a wish under a condition is refused with it: `if oak isn't possible, marble is fine`."""
    clauses = list(heard.clauses())
    for at, (first, end) in enumerate(clauses):
        named = heard.kinds(first, end) & (SHADES | {"MOOD", "CHANNEL"})
        without = "NOT" in heard.kinds(first, end) or heard.said(first, end) & MISSING
        missing = bool(named and without)
        depends = heard.kind(first - 1) == "STOP" and _depends(heard, first, end)
        doubted = _doubts_it(heard, first, end)
        if heard.said(first, min(first + 2, end)) & IF and (missing or depends or doubted):
            alone = heard.kind(end) != "COMMA" or heard.said(first, end) & THEN
            for start, _ in clauses[at : at + (1 if alone else 2)]:
                heard.tokens[start] = replace(heard.tokens[start], kind="CONDITION")
    yield from ()
