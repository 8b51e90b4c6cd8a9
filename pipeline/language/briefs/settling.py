"""What remains when all clauses are read: what a brief does not want, cannot have apart, or says twice."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from pipeline.language.briefs.amounts import lies_so
from pipeline.language.briefs.asks import Alter, Ask, Edit, Extend, Ground, Lamp, Mood, OnChannel, View, What
from pipeline.language.briefs.corrections import CHOICE
from pipeline.language.briefs.cues import cue
from pipeline.language.briefs.directions import SOFTNESS, STRENGTH, WHICH_SHADOW
from pipeline.language.briefs.lexeme import SWATCHES, Lexeme, kinds
from pipeline.language.briefs.lexicon import UNKNOWN
from pipeline.language.briefs.neighbours import LIT
from pipeline.language.briefs.spans import Left, spans_of

UNWANTED = "a brief says what is wanted; write that instead of what is not"
OF_ALL = "an edit is of the whole picture, not of the product alone"
CHOSEN_KINDS = SWATCHES | {"SIDE", "UP", "THREEQ", "MOOD", "CHANNEL"}
CHOSEN = (View, Ground, Mood, OnChannel)
"""Of these a shoot has some in any case, so that only another one rules one out."""
UNASKED = (Edit, Alter, Extend)
"""These are never done unless a brief asks for them."""
DONE = frozenset(
    ["CROP", "ROTATE", "SHARPEN", "BRIGHTER", "DARKER", "CONTRAST", "BRIGHTNESS", "PERSPECTIVE", "CORRECT", "RESIZE"]
) | {"REMOVE", "ADD", "CHANGE", "PART", "EXTEND", "MORE", "LESS", "SLIGHTLY", "MUCH", "VIEW", "AND"}
TOO = cue("too") | {"so"}
FIELDS = {**dict.fromkeys(SOFTNESS, "softness"), **dict.fromkeys(STRENGTH, "strength")}
VALUES = {**SOFTNESS, **STRENGTH}
DENIED_BY_NO = SWATCHES | {UNKNOWN} | kinds("SIDE CROP ROTATE SHARPEN REMOVE CHANGE OWN_BACKDROP OWN_ANGLE CHANNEL")


@dataclass
class Found:
    """What was found in a brief so far."""

    asks: list[Ask] = field(default_factory=list)
    left: list[Left] = field(default_factory=list)
    replaced: list[Ask] = field(default_factory=list)  # by later ones
    unwanted: list[Left] = field(default_factory=list)  # what is not wanted, and not set


def settle(found: Found) -> None:
    """Sort out what is not wanted: it is met where something else is wanted in its place, or nothing sets it anyway.

    A choice is settled where one of its things is wanted afterwards: `beige or ivory? no, ivory`.
    """
    _settle_unwanted(found)
    _without_parted(found)
    _without_said_twice(found)


def _settle_unwanted(found: Found) -> None:
    for one in [*found.left]:
        either = one.reason == CHOICE or any(lexeme.value == "between" for lexeme in one.lexemes)
        later = {_thing(each) for ask in found.asks if ask.start > one.start for each in ask.phrase}
        lit = one.reason == WHICH_SHADOW and is_met(
            one.lexemes[1:], (), [ask.what for ask in found.asks], all_but=False
        )
        if lit or (either and len({_thing(each) for each in one.lexemes if each.kind in CHOSEN_KINDS} & later) == 1):
            found.left.remove(one)
            found.unwanted.append(one)
    denied = [one for one in found.left if one.reason == UNWANTED]
    for one in denied:
        rest = without_denial(one.lexemes)
        asks = [ask.what for span in spans_of(rest, 0, 0, after_trim=False) for ask in span.asks]
        all_but = any(lexeme.value == "all but" for lexeme in one.lexemes)
        if is_met(rest, asks, [ask.what for ask in found.asks], all_but=all_but):
            found.left.remove(one)
            found.unwanted.append(one)


def _without_parted(found: Found) -> None:
    """Refuse an edit of the product's brightness beside one of the backdrop's: no edit is of one of them alone."""
    parted = any({"BACKDROP"} < {each.kind for each in one.lexemes} & {"BACKDROP", *LIT} for one in found.left)
    for ask in [*found.asks] if parted else ():
        if {one.kind for one in ask.phrase} & LIT and "PRODUCT" in ask.phrase[0].before:
            found.asks.remove(ask)
            found.left.append(Left(ask.phrase, OF_ALL))


def _without_said_twice(found: Found) -> None:
    """Drop words that only name what another clause says: `portrait, 4:5`, `a plain background, say beige`."""
    grounds = {ask.what.backdrop.kind for ask in found.asks if isinstance(ask.what, Ground)}
    for one in [*found.left]:
        kinds = {lexeme.kind for lexeme in one.lexemes}
        graded = "GRADIENT" in kinds and kinds <= {"BACKDROP", "GRADIENT"} and "gradient" in grounds
        plain = "PLAIN" in kinds and kinds <= {"BACKDROP", "PLAIN"} and "solid" in grounds
        lies = [lexeme.value for lexeme in one.lexemes if lexeme.kind == "ORIENTATION"]
        lies_so_too = bool(lies) and kinds <= {"ORIENTATION", "CROP"} and lies_so(lies[0], found.asks)
        lines = any(lexeme.value == "lines" for lexeme in one.lexemes) and any(
            path[:1] == ("perspective",) for ask in found.asks if isinstance(ask.what, Edit) for path in ask.what.fields
        )
        if graded or plain or lies_so_too or lines:
            found.left.remove(one)


def _thing(one: Lexeme) -> tuple[str, str]:
    return one.kind, one.value


def without_denial(clause: Sequence[Lexeme]) -> list[Lexeme]:
    """The tokens of a clause without those that say that it is not wanted; `no shadow` is a wish, and stays."""
    no = len(clause) > 1 and clause[0].kind == "NO" and clause[1].kind in DENIED_BY_NO
    shadow = any(one.kind in {"SHADOW", "LIGHT"} for one in clause)
    return [one for at, one in enumerate(clause) if one.kind != "NOT" and not (no and not shadow and at == 0)]


def is_met(clause: Sequence[Lexeme], denied: Sequence[What], wanted: Sequence[What], *, all_but: bool) -> bool:
    """Whether what is wanted leaves out what is denied. `clause`: the tokens that deny it, without `not`."""
    if any(what in wanted for what in denied) or all_but:
        return False
    if not denied:
        limited = any(one.kind in {"SLIGHTLY", "MUCH"} for one in clause) or any(
            TOO & set(one.before) for one in clause
        )
        return all((one.kind == UNKNOWN and not limited) or _is_left_undone(one, wanted) for one in clause)
    return all(isinstance(what, UNASKED) or _is_replaced(what, wanted) for what in denied)


def _is_left_undone(one: Lexeme, wanted: Sequence[What]) -> bool:
    """Whether a bare word such as `crop` or `hard` names what is not done, or what the light is said not to be."""
    field = FIELDS.get(one.kind, "")
    said = [what.fields[field] for what in wanted if isinstance(what, Lamp) and field in what.fields]
    return one.kind in DONE | {"SHADOW"} or (bool(said) and VALUES[one.kind] not in said)


def _is_replaced(denied: What, wanted: Sequence[What]) -> bool:
    """Whether something else of the kind is wanted in the place of what is denied."""
    if isinstance(denied, Lamp):
        return any(denied.fields.keys() <= what.fields.keys() for what in wanted if isinstance(what, Lamp))
    if isinstance(denied, View) and any(isinstance(what, Lamp) and "azimuth_deg" in what.fields for what in wanted):
        return True  # `the shadow to the right, not to the left`
    return isinstance(denied, CHOSEN) and any(isinstance(what, type(denied)) for what in wanted)
