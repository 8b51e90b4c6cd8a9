"""Phrases of a brief that the words beside them change: what a word means that stands alone, it may not mean there."""

from collections.abc import Sequence, Set

from pipeline.language.briefs.asks import Ask, View
from pipeline.language.briefs.lexicon import UNKNOWN
from pipeline.language.briefs.tokens import Lexeme

PREPOSITIONS = frozenset({"ON", "FROM", "TO", "with", "mit", "avec", "for", "fur", "pour", "in", "im", "en", "dans"})
PLACES = frozenset({"SIDE", "UP", "DOWN"})
NAMED = frozenset({"COLOUR", "TONE", "MATERIAL"})
LIT = frozenset({"BRIGHTER", "DARKER"})
AMOUNTED = frozenset({"BRIGHTER", "DARKER", "BRIGHTNESS", "CONTRAST", "SHARPEN"})


def changed_by_neighbour(clause: Sequence[Lexeme], first: int, end: int, asks: Sequence[Ask], free: Set[int]) -> bool:
    """Whether a token beside a phrase makes it mean something else, however strong the phrase is.

    `no snow`, `handle on the right`, `a bit more to the left`, `nach links kippen`, `ein Viertel heller`; and where no
    word stands between: `dusty pink background`, `on a white plate`. `free`: the tokens that are in no phrase.
    """
    before = clause[first - 1] if first - 1 in free else None
    after = clause[end] if end in free else None
    opening, closing = clause[first], clause[end - 1]
    kinds = {lexeme.kind for lexeme in clause[first:end]}
    if before and (before.kind == "NO" or (before.kind == "PART" and opening.kind in PLACES)):
        return True
    if any(isinstance(ask.what, View) for ask in asks):
        said = {word for lexeme in clause[first:end] for word in lexeme.before}
        turned = after and after.kind in {UNKNOWN, "ROTATE"} and "TO" in said and "FROM" not in said
        return bool(turned or (before and before.kind in {"MORE", "LESS", "CROP", "PX", "PCT"}))
    if kinds & LIT and end < len(clause) and clause[end].kind == "BACKDROP":
        return True  # an edit changes the whole picture, not `the background`
    if kinds & LIT and before and before.kind == "BACKDROP":
        return True
    if kinds == {"NUM", "EV"} and before and before.kind in AMOUNTED | {UNKNOWN, "LESS"}:
        return True
    if kinds & AMOUNTED and "NUM" not in kinds:
        return bool(
            {UNKNOWN, "NUM"}
            & {one.kind for one in (before, after) if one and not (PREPOSITIONS - {"FROM"}) & set(one.before)}
        )
    if before and before.kind == UNKNOWN and opening.kind in NAMED and not opening.before:
        return True
    vague = after and after.kind in {UNKNOWN, "MUCH", "SLIGHTLY"} and not after.before
    return bool(vague and closing.kind in NAMED)
