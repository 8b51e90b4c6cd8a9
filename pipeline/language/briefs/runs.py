"""Runs of tokens that together mean something else: `2/3 of a stop` is a number, `2000 px square` a size."""

import re
from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise

from pipeline.language.briefs.lexeme import ENDS, SWATCHES, Lexeme
from pipeline.language.briefs.lexicon import COURTESY, TALK, UNKNOWN

ARTICLES = frozenset({"a", "an", "one", "ein", "eine", "einen", "einem", "einer", "un", "une"})
FEWEST_DEG = 5
CORRECTING = frozenset({"CORRECT", "ROTATE", "CHANGE"})
HEIGHTS = [["SLIGHTLY", height, "COMMA", "NUM", "DEG"] for height in ("UP", "DOWN")]
CHANGES = frozenset({"BRIGHTER", "DARKER", "BRIGHTNESS", "CONTRAST", "SHARPEN"})
BETWEEN = frozenset({COURTESY, TALK, "PRODUCT", "VIEW", "FROM"})
VIEWED = frozenset({"SIDE", "THREEQ", "OWN_ANGLE"})
SHARES = {"third": "33.33", repr(1 / 3): "33.33", repr(2 / 3): "66.67", "0.25": "25"}
"""Percentages of the values of `third`, and of numbers that words say."""
LETTERS = {"GRADIENT": "g", "BACKDROP": "b", "SWATCH": "s", "UP": "u", "DOWN": "d", "COMMA": "c", "AND": "c"}
LETTERS |= {"ON": "n", COURTESY: "x", "COLON": "c"}
LAYERS = re.compile(r"(?:[gb]+x*c?x*)?(?:s+n?x*ux*cx*s+n?x*d|ux*s+x*cx*dx*s+)")
"""Two colours, one above the other; `c` are commas, `n` is the `on` of `on top`, `x` are words such as `at the`."""
CUTTING = frozenset({"CROP", "PCT", "REMOVE"})


def with_runs(read: Sequence[Lexeme]) -> list[Lexeme]:
    """The tokens with what only several of them together say."""
    read = _with_rounds(_with_steps(_with_layers(read)))
    return _with_heights(_with_squares(_with_degrees(_with_numbers(_with_perspective(_with_views_first(read))))))


def _with_layers(read: Sequence[Lexeme]) -> list[Lexeme]:
    """The tokens with `a gradient, white at the top, grey at the bottom` as one phrase."""
    found = list(read)
    kinds = "".join(LETTERS.get("SWATCH" if one.kind in SWATCHES else one.kind, "o") for one in read)
    for layers in LAYERS.finditer(kinds):
        for at in range(*layers.span()):
            if kinds[at] in "cn":
                found[at] = replace(found[at], kind=COURTESY)
    return found


def _with_steps(read: Sequence[Lexeme]) -> list[Lexeme]:
    """The tokens with `in 45° steps` as `every 45°`, and `all sides` before it as all around."""
    found = list(read)
    for at, one in enumerate(read):
        number = at - 2
        if one.value != "steps" or [kind_at(read, number), kind_at(read, number + 1)] != ["NUM", "DEG"]:
            continue
        found[number : at + 1] = [replace(one, kind="EVERY", value="every", start=read[number].start), *read[number:at]]
        before = next((other for other in range(number - 1, -1, -1) if read[other].kind != COURTESY), 0)
        if read[before].kind == "EACH":
            found[before] = replace(read[before], kind="ROUND", value="round")
        return found
    return found


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
        amounted = kind_at(read, amount) == "NUM" and kind_at(read, amount + 1) in {"PCT", "EV"}
        if first < end and amounted and not clause & CUTTING:
            found[at:end] = [*read[first:end], *read[at:first]]
    return found


def _with_rounds(read: Sequence[Lexeme]) -> list[Lexeme]:
    """The tokens with `a full 360` as all around."""
    found = list(read)
    for at, one in enumerate(read):
        full = one.kind == "NUM" and one.value == "360" and kind_at(read, at - 1) in {COURTESY, TALK, UNKNOWN}
        after = kind_at(read, at + 2) if kind_at(read, at + 1) == "DEG" else kind_at(read, at + 1)
        if full and read[at - 1].end - read[at - 1].start > 2 and after in {*ENDS, COURTESY, "FROM", "VIEW"}:
            found[at] = replace(one, kind="ROUND", value="round")
            found[at - 1] = replace(read[at - 1], kind=COURTESY)
    return found


def _with_numbers(read: Sequence[Lexeme]) -> list[Lexeme]:
    """The tokens with `2/3 of a stop` and `by a degree` as numbers, and `a third brighter` as a percentage."""
    found = list(read)
    for at in range(len(read) - 1, -1, -1):
        if read[at].value == "third" and (not at or read[at - 1].value not in ARTICLES):
            continue
        after = next((one.kind for one in read[at + 1 :] if one.kind not in {"MORE", "LESS", "MUCH"}), "STOP")
        before = next((one.kind for one in reversed(read[:at]) if one.kind not in {COURTESY, "FROM"}), "STOP")
        share = SHARES.get(read[at].value)
        if share and (after in CHANGES or (before in CHANGES and after in ENDS)):
            one = replace(read[at], kind="NUM", value=share)
            found[at : at + 1] = [one, replace(one, kind="PCT", value="percent", start=one.end)]
    for at, lexeme in enumerate(found):
        if lexeme.kind == "RATIO" and "/" in lexeme.value and unit_after(found, at) == "EV":
            over, under = map(int, lexeme.value.split("/"))
            found[at] = replace(lexeme, kind="NUM", value=repr(over / max(1, under)))
        elif lexeme.value in ARTICLES and lexeme.kind == COURTESY and kind_at(found, at + 1) in {"DEG", "EV", "PCT"}:
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
        kinds = [kind_at(read, at) for at in run]
        if kinds[:5] in HEIGHTS and (len(kinds) < 6 or kinds[5] in ENDS):
            for at in (run[0], run[2]):
                found[at] = replace(read[at], kind=COURTESY)
    return found


def _with_squares(read: Sequence[Lexeme]) -> list[Lexeme]:
    """The tokens with `2000 px square` as a size."""
    found = list(read)
    for at in range(len(read) - 1):
        beside = [other for other in (at - 1, at + 2) if kind_at(read, other) == "SQUARE"]
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
        if not named and (rectified := [at for at in clause if read[at].value == "rectify"]):
            found[rectified[0]] = replace(read[rectified[0]], kind="PERSPECTIVE", value="correction")
            continue
        verbs = [at for at in clause if read[at].kind in CORRECTING]
        for at in named:
            if verbs:
                found[at] = replace(read[at], kind="PERSPECTIVE")
            elif read[at].value == "lines":  # `a wall with vertical lines`
                found[at] = replace(read[at], kind=UNKNOWN)
        for at in verbs if named else ():
            found[at] = replace(read[at], kind="CORRECT")
    return found


def kind_at(found: Sequence[Lexeme], at: int) -> str:
    """The kind of the token at a place; STOP beyond the ends."""
    return found[at].kind if 0 <= at < len(found) else "STOP"


def unit_after(found: Sequence[Lexeme], at: int) -> str:
    """The kind of the unit after a number, past `of a`."""
    return next((lexeme.kind for lexeme in found[at + 1 :] if lexeme.kind not in {COURTESY, "FROM"}), "")
