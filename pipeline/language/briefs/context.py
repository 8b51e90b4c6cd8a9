"""What tokens mean beside others: `3/4 view` is a three-quarter view, and `3/4` a ratio."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from itertools import pairwise, takewhile

from pipeline.language.briefs.lexeme import ENDS, PICTURES, QUALITIES, Lexeme
from pipeline.language.briefs.lexicon import COURTESY, TALK, UNKNOWN

UPWARDS = frozenset({"up", "hoch"})
PICTURE_WORDS = PICTURES | {"picture", "image", "photo", "pic", "pics", "bild", "foto", "photographie"}
EDGE_VIEWS = {"top": "above", "bottom": "below"}
ARTICLES = frozenset({"a", "an", "one", "ein", "eine", "einen", "einem", "einer", "un", "une"})
AIMED = QUALITIES | {"FROM", "SIDE", "UP", "NUM"}
FEWEST_DEG = 5
CORRECTING = frozenset({"CORRECT", "ROTATE", "CHANGE"})
MEASURES = frozenset({"EV", "PX", "DEG", "PCT"})
UNITS = frozenset({"EV", "PX"})
HEIGHTS = [["SLIGHTLY", height, "COMMA", "NUM", "DEG"] for height in ("UP", "DOWN")]
CHANGES = frozenset({"BRIGHTER", "DARKER", "BRIGHTNESS", "CONTRAST", "SHARPEN"})
BETWEEN = frozenset({COURTESY, TALK, "PRODUCT", "VIEW", "FROM"})
VIEWED = frozenset({"SIDE", "THREEQ", "OWN_ANGLE"})
CUTTING = frozenset({"CROP", "PCT", "REMOVE"})


def in_context(read: Sequence[Lexeme]) -> list[Lexeme]:
    """The tokens, each with the kind and the value that it has there."""
    found = _with_heights(_with_squares(_with_degrees(_with_numbers(_with_perspective(_with_views_first(read))))))
    for at in range(len(found)):
        changes = (rule(found, at) for rule in RULES)
        found[at] = next((changed for changed in changes if changed is not None), found[at])
    return found


def _ratio(found: Sequence[Lexeme], at: int) -> Lexeme | None:
    """`3/4 left` and its character are three-quarter views; `crop 3/4` and `square` are ratios."""
    one = found[at]
    around = {_kind_at(found, at - 1), _kind_at(found, at + 1)}
    three_quarters = one.value in {"3/4", "0.75"} and around & {"VIEW", "SIDE"} and not around & {"CROP", "EV"}
    if three_quarters and one.kind in {"RATIO", "NUM"}:
        return replace(one, kind="THREEQ", value="3:4")
    if one.kind == "RATIO" and "/" in one.value:
        return replace(one, value=one.value.replace("/", ":"))
    return replace(one, kind="RATIO") if one.kind == "SQUARE" else None


def _light(found: Sequence[Lexeme], at: int) -> Lexeme | None:
    """`put the lamp on oak` is about a product; `autumn light` and `un éclairage du soir` are moods."""
    one = found[at]
    before, after = _kind_at(found, at - 1), _kind_at(found, at + 1)
    if one.value == "lamp" and not {before, after} & (AIMED | QUALITIES):
        return replace(one, kind="PRODUCT", value="product")
    if one.kind == "LIGHT" and before == "MOOD" and after not in AIMED:
        return replace(one, kind="MOODWORD")
    return replace(one, kind=COURTESY) if one.kind == "LIGHT" and _names_mood(found, at) else None


def _shadow(found: Sequence[Lexeme], at: int) -> Lexeme | None:
    """`ombre légère` is a faint shadow, `Schatten: stark` a strong one, and `shadow off` none."""
    one = found[at]
    before = _kind_at(found, at - 2) if _kind_at(found, at - 1) == "COLON" else _kind_at(found, at - 1)
    if before != "SHADOW" or _kind_at(found, at + 1) not in ENDS:
        return None
    if one.kind == "MUCH":
        return replace(one, kind="STRONG")
    if one.kind == "SLIGHTLY":
        return replace(one, kind="FAINT")
    return replace(one, kind="NO") if one.value == "off" else None


def _number(found: Sequence[Lexeme], at: int) -> Lexeme | None:
    """`alle` counts steps before a number only; `a quick one` counts nothing; `il` is a stop after a number only."""
    one = found[at]
    if one.value == "between" and one.kind == "LIMIT" and _kind_at(found, at + 1) == "NUM":
        return replace(one, kind=COURTESY)
    if one.kind == "EVERY" and _kind_at(found, at + 1) != "NUM":
        return replace(one, kind=COURTESY)
    if one.kind == "NUM" and one.value == "1.0" and _unit_after(found, at) not in MEASURES:
        return replace(one, kind=COURTESY)
    counted = any(each.kind in {"NUM", "RATIO"} for each in found[max(0, at - 3) : at])
    return replace(one, kind=COURTESY) if one.kind in UNITS and not counted else None


def _direction(found: Sequence[Lexeme], at: int) -> Lexeme | None:
    """`30° up` is a height; `- top` in a list is a view, and no edge of the picture."""
    one = found[at]
    if one.value in UPWARDS and one.kind == COURTESY and _kind_at(found, at - 1) == "DEG":
        return replace(one, kind="UP", value="above")
    edge = one.kind in {"UP", "DOWN"} and one.value in EDGE_VIEWS
    return replace(one, value=EDGE_VIEWS[one.value]) if edge and _is_item(found, at) else None


def _size(found: Sequence[Lexeme], at: int) -> Lexeme | None:
    """`reduce all images to 70%` is about their size."""
    resizes = found[at].kind in {"LESS", "MORE"} and _is_resize(found, at)
    return replace(found[at], kind="RESIZE") if resizes else None


RULES: tuple[Callable[[Sequence[Lexeme], int], Lexeme | None], ...] = (
    _ratio, _light, _shadow, _number, _direction, _size,
)  # fmt: skip


def _with_views_first(read: Sequence[Lexeme]) -> list[Lexeme]:
    """The tokens with a view before the change of its picture that it divides: `brighten the back by 10%`."""
    found = list(read)
    for at, one in enumerate(read):
        if one.kind not in CHANGES:
            continue
        first = next((other for other in range(at + 1, len(read)) if read[other].kind not in BETWEEN), len(read))
        end = next((other for other in range(first, len(read)) if read[other].kind not in VIEWED), len(read))
        amount = next((other for other in range(end, len(read)) if read[other].kind not in BETWEEN), len(read))
        clause = {each.kind for each in read[max(0, at - 6) : at]}
        amounted = _kind_at(read, amount) == "NUM" and _kind_at(read, amount + 1) in {"PCT", "EV"}
        if first < end and amounted and not clause & CUTTING:
            found[at:end] = [*read[first:end], *read[at:first]]
    return found


def _with_numbers(read: Sequence[Lexeme]) -> list[Lexeme]:
    """The tokens with `2/3 of a stop` and `by a degree` as numbers."""
    found = list(read)
    for at, lexeme in enumerate(found):
        if lexeme.kind == "RATIO" and "/" in lexeme.value and _unit_after(found, at) == "EV":
            over, under = map(int, lexeme.value.split("/"))
            found[at] = replace(lexeme, kind="NUM", value=repr(over / max(1, under)))
        elif lexeme.value in ARTICLES and lexeme.kind == COURTESY and _kind_at(found, at + 1) in {"DEG", "EV", "PCT"}:
            nearby = found[max(0, at - 2) : at]
            if not any(one.kind in {"NUM", "RATIO"} or one.value == "of" for one in nearby):
                found[at] = replace(lexeme, kind="NUM", value="1.0")
    return found


def _with_degrees(read: Sequence[Lexeme]) -> list[Lexeme]:
    """The tokens with the degree sign that `30 left` and `right 30` leave out; `crop left 5` has none."""
    found: list[Lexeme] = []
    for at, lexeme in enumerate(read):
        found.append(lexeme)
        if lexeme.kind != "NUM" or not FEWEST_DEG <= lexeme.number <= 180:
            continue
        before, after = read[at - 1] if at else None, read[at + 1] if at + 1 < len(read) else None
        towards = read[at + 2] if after is not None and after.kind == "TO" and at + 2 < len(read) else after
        leads = towards is not None and towards.turns
        follows = before is not None and before.turns and (after is None or after.kind in ENDS)
        clause = {one.kind for one in read[max(0, at - 6) : at + 6]}
        if (leads or follows) and not clause & {"CROP", "PCT", "REMOVE", "ROTATE"}:
            found.append(replace(lexeme, kind="DEG", value="degrees", start=lexeme.end))
    return found


def _with_heights(read: Sequence[Lexeme]) -> list[Lexeme]:
    """The tokens without the vague part of `slightly from above, like 30 degrees`."""
    found = list(read)
    said = [at for at, one in enumerate(read) if one.kind not in {COURTESY, "FROM"}]
    for place in range(len(said) - 4):
        run = said[place : place + 6]
        kinds = [_kind_at(read, at) for at in run]
        if kinds[:5] in HEIGHTS and (len(kinds) < 6 or kinds[5] in ENDS):
            for at in (run[0], run[2]):
                found[at] = replace(read[at], kind=COURTESY)
    return found


def _with_squares(read: Sequence[Lexeme]) -> list[Lexeme]:
    """The tokens with `2000 px square` as a size."""
    found = list(read)
    for at in range(len(read) - 1):
        beside = [other for other in (at - 1, at + 2) if _kind_at(read, other) == "SQUARE"]
        if read[at].kind == "NUM" and read[at + 1].kind == "PX" and beside:
            side = f"{read[at].number:.0f}"
            found[at] = replace(read[at], kind="SIZE", value=f"{side}x{side}")
            found[at + 1] = replace(read[at + 1], kind=COURTESY)
            found[beside[0]] = replace(read[beside[0]], kind=COURTESY)
    return found


def _with_perspective(read: Sequence[Lexeme]) -> list[Lexeme]:
    """The tokens, in which `perspective` is an edit where a verb corrects it, and elsewhere a view."""
    found = list(read)
    ends = [at for at, lexeme in enumerate(read) if lexeme.kind in ENDS] + [len(read)]
    for before, end in pairwise([-1, *ends]):
        clause = range(before + 1, end)
        named = [at for at in clause if read[at].kind == "PERSPECTIVE" or read[at].value == "perspective"]
        verbs = [at for at in clause if read[at].kind in CORRECTING]
        for at in named:
            if verbs:
                found[at] = replace(read[at], kind="PERSPECTIVE")
            elif read[at].value == "lines":  # `a wall with vertical lines`
                found[at] = replace(read[at], kind=UNKNOWN)
        for at in verbs if named else ():
            found[at] = replace(read[at], kind="CORRECT")
    return found


def _names_mood(found: Sequence[Lexeme], at: int) -> bool:
    """Whether `light` only names the mood after it: `un éclairage chaud du soir`."""
    following = [one.kind for one in found[at + 1 : at + 4] if one.kind not in {"FROM", COURTESY, "TONE"}]
    return following[:1] == ["MOOD"] and found[at + 1].kind in {"FROM", "TONE"}


def _is_item(found: Sequence[Lexeme], at: int) -> bool:
    """Whether `top` is an item of a list of views, and no edge of a picture: `- top`, `front, back, top on oak`."""
    begins = at == 0 or _before_courtesy(found, at) in ENDS
    following = [one.kind for one in found[at + 1 : at + 4] if one.kind != COURTESY]
    ends = not following or following[0] in ENDS | {"ON"}
    cut = any(one.kind in CUTTING for one in found[max(0, at - 6) : at + 6])
    return begins and ends and not cut


def _before_courtesy(found: Sequence[Lexeme], at: int) -> str:
    return next((one.kind for one in reversed(found[:at]) if one.kind not in {COURTESY, TALK}), "STOP")


def _is_resize(found: Sequence[Lexeme], at: int) -> bool:
    """Whether `reduce` means the size: `reduce all images to 70%`."""
    clause = list(takewhile(lambda one: one.kind not in {"COMMA", "STOP"}, found[at:]))
    kinds = [one.kind for one in clause]
    if {"BRIGHTNESS", "CONTRAST", "SHARPEN", "BRIGHTER", "DARKER"} & set(kinds) or "NUM" not in kinds:
        return False
    number = kinds.index("NUM")
    whole = clause[number - 1].kind == "TO" or clause[number - 1].value in {"to", "a", "auf"}
    pictured = any(one.value in PICTURE_WORDS for one in clause[:number])
    return whole and pictured and kinds[number + 1 : number + 2] == ["PCT"]


def _kind_at(found: Sequence[Lexeme], at: int) -> str:
    return found[at].kind if 0 <= at < len(found) else "STOP"


def _unit_after(found: Sequence[Lexeme], at: int) -> str:
    """The kind of the unit after a number, past `of a`."""
    return next((lexeme.kind for lexeme in found[at + 1 :] if lexeme.kind not in {COURTESY, "FROM"}), "")
