"""Phrases of a brief that the words beside them change: what a word means that stands alone, it may not mean there."""

from collections.abc import Sequence, Set
from itertools import pairwise

from pipeline.language.briefs.asks import Ask, Lamp, View
from pipeline.language.briefs.cues import cue
from pipeline.language.briefs.lexeme import Lexeme
from pipeline.language.briefs.lexicon import UNKNOWN

PREPOSITIONS = frozenset({"ON", "FROM", "TO", "with", "mit", "avec", "for", "fur", "pour", "in", "im", "en", "dans"})
PLACES = frozenset({"SIDE", "UP", "DOWN"})
AS, THAN, DEFINITE = cue("as"), cue("than"), cue("definite")
NAMED = frozenset({"COLOUR", "TONE", "MATERIAL"})
TOO, OTHERS = cue("too"), cue("others_of_them")
DEGREES = frozenset({"SLIGHTLY", "MUCH", "MORE", "LESS"})
LIT = frozenset({"BRIGHTER", "DARKER"})
AMOUNTED = frozenset({"BRIGHTER", "DARKER", "BRIGHTNESS", "CONTRAST", "SHARPEN"})


def changed_by_neighbour(clause: Sequence[Lexeme], first: int, end: int, asks: Sequence[Ask], free: Set[int]) -> bool:
    """Whether a token beside a phrase makes it mean something else, however strong the phrase is.

    `no snow`, `handle on the right`, `a bit more to the left`, `nach links kippen`, `ein Zehntel heller`; and where no
    word stands between: `dusty pink background`, `on a white plate`. `free`: the tokens that are in no phrase.
    """
    phrase = clause[first:end]
    if first and clause[first - 1].kind == "CROP" and end < len(clause) and clause[end].kind in {"RATIO", "SIZE"}:
        return False  # `crop the front to 4:5`
    before = clause[first - 1] if first - 1 in free else None
    if _is_one_of_many(clause, first, free) or (before and _is_other_number(before, phrase)):
        return True
    graded = any(clause[at].kind == "GRADIENT" for at in free)  # `a gradient from bottom grey to top white`
    if graded and {lexeme.kind for lexeme in phrase} <= NAMED | PLACES:
        return True
    if any(isinstance(ask.what, View) for ask in asks):
        return _is_of_part(clause, first, free) or _is_other_than_view(clause, first, end, free)
    if {lexeme.kind for lexeme in phrase} & AMOUNTED or [one.kind for one in phrase] == ["NUM", "EV"]:
        return _is_other_amount(clause, first, end, free)
    lit = any(isinstance(ask.what, Lamp) for ask in asks)
    less = bool(lit and before and before.kind == "LESS")
    return less or (not lit and _is_other_shade(phrase, before, clause[end] if end in free else None))


def _is_other_number(before: Lexeme, phrase: Sequence[Lexeme]) -> bool:
    """Whether the word before a phrase denies it, makes its amount a limit, or its ratio a number: `room 3/4`."""
    numbered = before.kind == UNKNOWN and [one.kind for one in phrase] == ["RATIO"] and not phrase[0].before
    return before.kind in {"NO", "LIMIT"} or numbered


def _is_one_of_many(clause: Sequence[Lexeme], first: int, free: Set[int]) -> bool:
    """Whether a phrase ends a range or `between front and left`, or comes after `lighter than`."""
    within = first > 1 and clause[first - 1].kind == "AND"
    within = within and any(clause[at].value == "between" and clause[at].kind == "LIMIT" for at in range(first))
    compared = (
        first and clause[first - 1].kind in {*LIT, "MORE", "LESS"} and {"than", "als"} & set(clause[first].before)
    )
    return bool(within or compared) or (clause[first].kind == "NUM" and _ends_range(clause, first, free))


def _is_other_amount(clause: Sequence[Lexeme], first: int, end: int, free: Set[int]) -> bool:
    """Whether an edit is of the backdrop, or has an amount that is not in its phrase."""
    kinds = {lexeme.kind for lexeme in clause[first:end]}
    before = clause[first - 1] if first - 1 in free else None
    after = clause[end] if end in free else None
    parted = end < len(clause) and clause[end].value == "between"  # `more contrast between mug and background`
    of_backdrop = bool(kinds & LIT) and end < len(clause) and clause[end].kind == "BACKDROP"
    compared = end < len(clause) and bool(THAN & set(clause[end].before))  # `the front brighter than the back`
    unread = "NUM" not in kinds and _has_amount(clause, free)
    limited = after and after.kind == "LIMIT"  # `10% brighter at most`
    aimed = kinds <= LIT | DEGREES and "ON" in clause[first].before  # `on something darker`
    others = OTHERS & set(clause[first].before)  # `the left as it is, the others 10% brighter`
    of_other = _is_of_other_amount(kinds, before, after)
    return bool(parted or of_backdrop or compared or unread or limited or aimed or others) or of_other


def _ends_range(clause: Sequence[Lexeme], first: int, free: Set[int]) -> bool:
    """Whether a number stands before the phrase's own: `15 to 20% brighter`, `between 30 and 45 degrees left`."""
    at = first - 2 if first > 1 and clause[first - 1].kind == "AND" else first - 1
    return at in free and clause[at].kind == "NUM"


def _has_amount(clause: Sequence[Lexeme], free: Set[int]) -> bool:
    """Whether an amount of the clause is in no phrase: `brighten, by at most 10%`."""
    return any(clause[at].kind == "NUM" and at + 1 in free and clause[at + 1].kind in {"PCT", "EV"} for at in free)


def _is_of_part(clause: Sequence[Lexeme], first: int, free: Set[int]) -> bool:
    """Whether a part of the product is said to look so from there: `the handle looks odd from the left`."""
    at = first - 1
    while at in free and clause[at].kind != "PART":
        at -= 1
    return at in free


def _is_other_than_view(clause: Sequence[Lexeme], first: int, end: int, free: Set[int]) -> bool:
    """Whether a side is of a crop or a turn, or relative: `5 % left` after `crop`, `further left`, `as the left`."""
    phrase = clause[first:end]
    before = clause[first - 1] if first - 1 in free else None
    after = clause[end] if end in free else None
    said = {word for lexeme in phrase for word in lexeme.before}
    turned = after and after.kind in {UNKNOWN, "ROTATE"} and "TO" in said and "FROM" not in said
    way = "TO" in said or (phrase[0].turns and len(phrase) == 1 and "FROM" not in said)
    turned = turned or (before and before.kind == "ROTATE" and way)
    compared = any(one in AS and other in DEFINITE for one, other in pairwise(phrase[0].before))
    compared = compared and "COLON" not in phrase[0].before  # `the same views as the mug: front`
    measured = (
        first > 1 and before and before.kind == UNKNOWN and clause[first - 2].kind == "NUM"
    )  # `2 cm from the top`
    if any(at in free and clause[at].kind in {"LIGHT", "SHADOW"} for at in range(first)):
        return True  # `the light from the other side (right)`
    plus = phrase[0].before[-1:] and phrase[0].before[-1] in DEFINITE and not {"TO", "FROM"} & set(phrase[0].before[:1])
    if before and before.kind == "MORE" and plus:
        return False  # `plus the front`
    if first and clause[first - 1].kind == "MOOD" and "light" in clause[first - 1].value and "FROM" in said:
        return True  # `daylight from the left`
    if after and after.kind == "PART" and not after.before and phrase[-1].kind == "SIDE":
        return True  # `the back label`
    relative = before and before.kind in {"MORE", "LESS", "CROP", "PX", "PCT", "NUM"}
    return bool(turned or compared or measured or relative or _is_way(clause, first, end))


def _is_way(clause: Sequence[Lexeme], first: int, end: int) -> bool:
    """Whether sides are a way, a place or one view: `left to right`, `the mug on the left`, `behind and a bit left`."""
    phrase = clause[first:end]
    kinds = [one.kind for one in phrase]
    placed = {"PRODUCT", "ON"} <= set(phrase[0].before) and kinds == ["SIDE"] and phrase[0].turns
    before = clause[first - 1] if first else None
    after = clause[end] if end < len(clause) else None
    leads = bool(after and after.turns and phrase[-1].turns and "TO" in after.before)
    led = bool(before and before.turns and phrase[0].turns and "TO" in phrase[0].before)
    joined = kinds == ["SLIGHTLY", "SIDE"] and [one.kind for one in clause[max(0, first - 2) : first]] == [
        "SIDE",
        "AND",
    ]
    joins = kinds[-1:] == ["SIDE"] and [one.kind for one in clause[end : end + 3]] == ["AND", "SLIGHTLY", "SIDE"]
    of = bool(before and before.kind == "SIDE" and "of" in phrase[0].before[:1])  # `slightly left of the front`
    beside = bool(
        before and before.kind == UNKNOWN and "ON" in phrase[0].before and phrase[0].turns
    )  # `a vase on the left`
    return beside or placed or leads or led or joined or joins or of


def _is_of_other_amount(kinds: Set[str], before: Lexeme | None, after: Lexeme | None) -> bool:
    """Whether an edit has an amount or an object that was not understood: an edit changes the whole picture."""
    if kinds == {"NUM", "EV"}:
        too = after is not None and TOO & set(after.before)  # `a stop too dark`
        return bool(too or (before and before.kind in AMOUNTED | {UNKNOWN, "LESS"}))
    if kinds & LIT and before and before.kind == "BACKDROP":
        return True
    signed = bool({"MORE", "LESS", "BRIGHTER", "DARKER", "SHARPEN", "ADD", "CORRECT"} & kinds)
    if not signed and before and before.kind == UNKNOWN:  # `ease the contrast by 5%`, with another verb
        return True
    beside = {one.kind for one in (before, after) if one and not (PREPOSITIONS - {"FROM"}) & set(one.before)}
    return "NUM" not in kinds and bool({UNKNOWN, "NUM", "FAINT", "STRONG"} & beside)


def _is_other_shade(phrase: Sequence[Lexeme], before: Lexeme | None, after: Lexeme | None) -> bool:
    """Whether an unknown word belongs to a colour or a material, or it is one of several in the picture.

    Nothing stands between them: `dusty pink`, `from light to dark grey`, `white at the top`.
    """
    of_part = before is not None and before.kind == "PART" and "ON" not in phrase[0].before  # `the handle in red`
    if before and phrase[0].kind in NAMED and (of_part or (before.kind == UNKNOWN and not phrase[0].before)):
        return True
    if after and after.kind == "PART" and phrase[-1].kind in NAMED and not after.before:
        return True  # `white lid`
    if before and before.kind in {UNKNOWN, "LIGHT", "GRADIENT"} and "TO" in phrase[0].before:
        return True
    if before and before.kind in {"LESS", "MORE"} and phrase[0].kind in NAMED and not phrase[0].before:
        return True  # `less grey background`
    if after and after.value in {"top", "bottom"} and phrase[-1].kind in NAMED:
        return True
    vague = after and after.kind in {UNKNOWN, "MUCH", "SLIGHTLY"} and not after.before
    return bool(vague and phrase[-1].kind in NAMED)
