"""What a brief does not want: met where it wants something else in its place, or where nothing is done unasked."""

from collections.abc import Sequence

from pipeline.language.briefs.asks import Alter, Edit, Extend, Ground, Lamp, Mood, OnChannel, View, What
from pipeline.language.briefs.cues import cue
from pipeline.language.briefs.directions import SOFTNESS, STRENGTH
from pipeline.language.briefs.lexeme import SWATCHES, Lexeme, kinds
from pipeline.language.briefs.lexicon import UNKNOWN

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
