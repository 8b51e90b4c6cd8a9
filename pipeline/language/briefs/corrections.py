"""Corrections inside a brief: `on white, no wait, on grey` is grey. The later wish takes the place of the earlier."""

from collections.abc import Sequence
from dataclasses import replace

from pipeline.language.briefs.asks import Alter, Ask, Edit, Extend, Ground, Lamp, Mood, OnChannel, View
from pipeline.language.briefs.cues import cue
from pipeline.language.briefs.lexeme import QUALITIES, Lexeme, kinds
from pipeline.language.briefs.lexicon import COURTESY, NOUN, TALK
from pipeline.language.briefs.utterance import BOUNDS, Spans, Utterance

RETRACT = "RETRACT"
UNCLEAR = "what this takes back is not clear; write only what is wanted"
MAYBE = "maybe"
"""A word that corrects only if the same thing has been asked for before, such as `actually`."""
LAST = "last"
"""Such a word that ends its clause."""
OR = "or"
"""A word such as `otherwise`, after which no choice is left."""
CHOICE = "a brief cannot choose; write the one that is wanted"
EITHER = cue("either")
PERHAPS = cue("perhaps")
DENYING, ADDING, INSTEAD = cue("denying"), cue("adding"), cue("instead_of_it")
OPENING = BOUNDS | {"AND", "COLON", RETRACT}
FRAMES = frozenset({"crop", "size_px", "resize"})
CHANGED_BY_AMOUNT = kinds("BRIGHTER DARKER BRIGHTNESS CONTRAST SHARPEN MORE LESS PERSPECTIVE CORRECT")
DEGREES = frozenset({"SLIGHTLY", "MUCH"})
RATHERS = frozenset({"rather", "eher", "plutot"})
UNITS = frozenset({"PCT", "EV", "DEG"})
QUIET = frozenset({COURTESY, TALK, NOUN})


def retractions(heard: Utterance) -> Spans:
    """None: words that take back what was said stay so only where they can, and are courtesy elsewhere."""
    for at, one in enumerate(heard.tokens):
        bound = heard.bound(at + 1)
        if heard.words[at] in DENYING and bound == at + 1 and _opens(heard, at):
            heard.tokens[at] = replace(one, kind=RETRACT, value="sure")
        elif heard.words[at] in EITHER and _opens(heard, at) and heard.asks(at + 1, bound) and heard.asks(0, at):
            heard.tokens[at] = replace(one, kind=RETRACT, value=OR)
        elif one.kind == RETRACT and one.value == "sure" and bound == at + 1 and not _begins(heard, at):
            heard.tokens[at] = replace(one, value=LAST)  # `from the left, I mean`
        elif one.kind == RETRACT and one.value == MAYBE and heard.words[at] in RATHERS and _grades(heard, at):
            heard.tokens[at] = replace(one, kind=COURTESY)  # `a shadow to the right, rather soft`
        elif one.kind == RETRACT and one.value == MAYBE:
            heard.tokens[at] = _corrected(heard, at, bound)
    yield from ()


def _corrected(heard: Utterance, at: int, bound: int) -> Lexeme:
    """A word such as `actually`: courtesy unless it opens a clause that adds nothing, or `instead` ends one."""
    one, first = heard.tokens[at], at
    while heard.kind(first - 1) not in BOUNDS:
        first -= 1
    end = heard.bound(bound + 1) if bound == at + 1 else bound  # `actually, could we also ...`
    if first and not heard.said(first, end) & ADDING:
        if heard.words[at] in INSTEAD and bound == at + 1:
            return replace(one, value=LAST)
        if _opens(heard, at):
            return one
    return replace(one, kind=COURTESY)


def _grades(heard: Utterance, at: int) -> bool:
    """Whether `rather` only weakens the quality after it, and the clause before has none."""
    begins = at - 1
    while heard.kind(begins - 1) not in BOUNDS:
        begins -= 1
    quality = heard.kind(at + 1) in {*QUALITIES, "SLIGHTLY"} and heard.kind(at + 2) in BOUNDS
    return quality and not heard.kinds(begins, at) & QUALITIES


def _begins(heard: Utterance, at: int) -> bool:
    """Whether a word begins its clause, courtesy aside."""
    while heard.kind(at - 1) in QUIET | {RETRACT, "AND", "COLON"} and at:
        at -= 1
    return at == 0 or heard.kind(at - 1) in BOUNDS


def _opens(heard: Utterance, at: int) -> bool:
    """Whether a word opens a clause after another one, courtesy aside."""
    first = at
    while heard.kind(first - 1) in QUIET | (OPENING - BOUNDS) and first:
        first -= 1
    return first > 0 and heard.kind(first - 1) in BOUNDS


def taken_back(asks: list[Ask], known: int, clause: Sequence[Lexeme], *, sure: bool) -> list[Ask] | None:
    """The earlier asks that those from `known` on replace; they are moved to their places. None: it is not clear which.

    `asks`: of the brief so far, changed in place. Where it is not sure that anything is replaced, nothing may be.
    """
    earlier, later = asks[:known], asks[known:]
    if not later:
        return None if sure or any(one.kind == "NUM" for one in clause) else []
    gone: list[Ask] = []
    places: dict[str, Ask] = {}
    for slot in dict.fromkeys(map(_slot, later)):
        mates = _last_alike(earlier, slot)
        if not mates or len(mates) != sum(_slot(ask) == slot for ask in later):
            return None if sure or mates else []
        gone += mates
        places[slot] = mates[0]
    for at, ask in enumerate(later, known):
        mate = places[_slot(ask)]
        asks[at] = replace(ask, clause=mate.clause, sentence=mate.sentence, segment=mate.segment)
    asks[:known] = [ask for ask in earlier if not any(ask is one for one in gone)]
    return gone


def is_stronger(before: Ask, later: Sequence[Ask]) -> bool:
    """Whether the only later ask says the same of the light with more weight, or of an edit with an amount."""
    first, second = before.what, later[0].what if len(later) == 1 else None
    if isinstance(first, Edit) and isinstance(second, Edit) and first.fields.keys() == second.fields.keys():
        amounts = [any(one.kind == "NUM" for one in ask.phrase) for ask in (before, later[0])]
        return amounts == [False, True]
    if not (isinstance(first, Lamp) and isinstance(second, Lamp)) or first.fields.keys() != second.fields.keys():
        return False
    softness = [one.fields.get("softness", 0.5) for one in (first, second)]
    return set(first.fields) == {"softness"} and (softness[0] > 0.5) == (softness[1] > 0.5)


def of_lamp(asks: Sequence[Ask], said: Sequence[Lexeme]) -> list[Lexeme]:
    """The tokens of a correction with what they are about: `light from the right, sorry, from the left`."""
    last = asks[-1] if asks else None
    if last is not None and isinstance(last.what, Ground) and said and said[0].kind in {"COLOUR", "TONE"}:
        before = tuple(word for word in said[0].before if word != "MAKE")
        return [*said] if "PRODUCT" in before else [replace(said[0], before=(*before, "ON")), *said[1:]]
    if last is not None and isinstance(last.what, Ground):
        places = [one for one in last.phrase if one.kind == "PLACE"]
        kinds_said = {one.kind for one in said}
        if places and "MATERIAL" in kinds_said and kinds_said <= {"TONE", "MATERIAL"} and "ON" not in said[0].before:
            return [*said, *(replace(one, start=said[-1].start, end=said[-1].end, before=()) for one in places)]
    aimed = last is not None and isinstance(last.what, Lamp) and "azimuth_deg" in last.what.fields
    if last is None or not aimed or not said or not {one.kind for one in said} <= {"SIDE", "UP"}:
        return list(said)
    lamp = next((one for one in last.phrase if one.kind in {"LIGHT", "SHADOW"}), None)
    return [replace(lamp, start=said[0].start, end=said[0].start), *said] if lamp else list(said)


def unclear(asks: Sequence[Ask], known: int) -> list[Ask]:
    """The earlier asks that those from `known` on may replace: of the last clause with such asks, or with any."""
    earlier = asks[:known]
    alike = [ask for slot in {_slot(ask) for ask in asks[known:]} for ask in _last_alike(earlier, slot)]
    return alike or [ask for ask in earlier if ask.clause == earlier[-1].clause and _slot(ask) == _slot(earlier[-1])]


def with_amount(phrase: Sequence[Lexeme], clause: Sequence[Lexeme]) -> list[Lexeme] | None:
    """The phrase with the amount that a clause consists of: `20%` after `10% brighter`; None if it is no amount."""
    kinds = [one.kind for one in clause]
    if kinds[:1] == ["NUM"] and kinds[1:] in ([], ["PCT"], ["EV"], ["DEG"]):
        numbers = [at for at, one in enumerate(phrase) if one.kind == "NUM"]
        if len(numbers) == 1 and (not kinds[1:] or phrase[numbers[0] + 1 : numbers[0] + 2][0].kind == kinds[1]):
            number = replace(phrase[numbers[0]], value=clause[0].value)
            return [number if at == numbers[0] else one for at, one in enumerate(phrase)]
    return None


def with_its_amount(last: Ask, clause: Sequence[Lexeme]) -> list[Lexeme] | None:
    """The phrase with the amount that the next clause gives: `brighter, like 20%`, `from the left, 45 degrees`."""
    sides = [one.kind for one in last.phrase] == ["SIDE"] and last.phrase[0].turns and isinstance(last.what, View)
    if sides and [one.kind for one in clause] == ["NUM", "DEG"] and clause[0].value[0] not in "+-":
        return [*last.phrase, *clause]
    lamp = isinstance(last.what, Lamp) and {one.kind for one in last.phrase} <= QUALITIES | {"LIGHT", "SHADOW"}
    graded = lamp or {one.kind for one in last.phrase} <= CHANGED_BY_AMOUNT
    if graded and [one.kind for one in clause] == ["SLIGHTLY"]:  # `more contrast, but only slightly`
        return [replace(clause[0], kind="SLIGHTLY", start=last.start, end=last.start), *last.phrase]
    amount = [one.kind for one in clause] in (["NUM", "PCT"], ["NUM", "EV"])
    lacks = isinstance(last.what, Edit) and {one.kind for one in last.phrase} <= CHANGED_BY_AMOUNT | DEGREES
    return (
        [*(one for one in last.phrase if one.kind not in DEGREES), *clause]
        if amount and lacks and clause[0].value[0] not in "+-"
        else None
    )


def _last_alike(earlier: Sequence[Ask], slot: str) -> list[Ask]:
    """The asks of the last clause that has such asks; none where it may be the light or the view that is meant."""
    if slot == "view" and earlier and isinstance(earlier[-1].what, Lamp):
        return []
    clauses = [ask.clause for ask in earlier if _slot(ask) == slot]
    return [ask for ask in earlier if clauses and ask.clause == clauses[-1] and _slot(ask) == slot]


def is_alike(first: Ask, second: Ask) -> bool:
    """Whether only one of two wishes can be met: of views and channels a brief can have several."""
    return _slot(first) == _slot(second) and not isinstance(first.what, View | OnChannel | Lamp | Alter)


def _slot(ask: Ask) -> str:
    """What an ask is about: the later of two about one thing replaces the other."""
    what = ask.what
    if isinstance(what, Edit):
        path = next(iter(what.fields))[0]
        return "edit frame" if path in FRAMES else f"edit {path}"
    names = {View: "view", Ground: "ground", Mood: "mood", Extend: "extend", Lamp: "light", OnChannel: "channel"}
    return names.get(type(what), "other")
