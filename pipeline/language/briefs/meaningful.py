"""Leaves out the tokens that change nothing.

The token after them keeps them in `before`, with the kinds of prepositions, because `on white` and `the mug white`
differ in nothing else.
"""

from collections.abc import Sequence
from dataclasses import replace

from pipeline.language.briefs.context import in_context
from pipeline.language.briefs.cues import cue
from pipeline.language.briefs.lexeme import PICTURES, QUALITIES, SWATCHES, Lexeme
from pipeline.language.briefs.lexicon import COURTESY, TALK, UNKNOWN

LEFT_OUT = frozenset({"ON", "TO", "FROM", "PRODUCT", "MAKE", "VIEW", COURTESY, TALK})
LABELS = frozenset({"LIGHT", "SHADOW"})
GOES_ON = cue("goes_on")
"""Verbs that go on about the same lamp: `a shadow that is soft and falls to the right`."""
FALLS, DEFINITE = cue("falls"), cue("definite")
PRONOUNS, GOES_ON_FROM = cue("pronouns") | {"elle", "il", "er", "they"}, cue("goes_on_from")
OF_LAMP = QUALITIES | {COURTESY, "FROM", "TO", "ON", "SIDE", "UP", "NUM", "DEG", "AND"}


def meaningful(read: Sequence[Lexeme]) -> list[Lexeme]:
    """The tokens that a wish may consist of."""
    return _kept(_with_lamps_whole(in_context(read)))


def _with_lamps_whole(read: list[Lexeme]) -> list[Lexeme]:
    """The tokens without the comma inside `a harder light, which comes from the right`: it begins no other wish."""
    ends = [at for at, lexeme in enumerate(read) if lexeme.kind in {"COMMA", "STOP"}] + [len(read)]
    inside = set()
    for before, comma, after in zip([-1, *ends], ends, ends[1:], strict=False):
        colons = [at for at in range(before + 1, comma) if read[at].kind == "COLON" and read[at - 1].kind not in LABELS]
        lamp, clause = (
            read[max([before, *colons]) + 1 : comma],
            read[comma + 1 : after],
        )  # `scarf: light hard, from ...`
        kinds = {one.kind for one in clause}
        goes_on = any(one.value in GOES_ON for one in clause) and kinds <= OF_LAMP
        goes_on = goes_on or bool(kinds & QUALITIES and kinds <= QUALITIES | {COURTESY, "SLIGHTLY", "MUCH"})
        falls = any(one.value in FALLS | {"falling"} for one in clause) and kinds <= OF_LAMP | {"MAKE"}
        head = next((at for at, one in enumerate(lamp) if one.kind != COURTESY), 0)
        subject = bool(lamp) and lamp[head].kind in LABELS and (not head or lamp[head - 1].value in DEFINITE)
        labelled = subject and kinds & {"SIDE", "UP"} and kinds <= OF_LAMP
        goes_on = goes_on or bool(labelled)  # `Licht hart, von links`
        joined = goes_on and (read[comma].kind == "COMMA" or _goes_on_from(clause))
        if (joined or falls) and any(one.kind in LABELS for one in lamp):
            inside.add(comma)
    return [lexeme for at, lexeme in enumerate(read) if at not in inside]


def _goes_on_from(clause: Sequence[Lexeme]) -> bool:
    """Whether a sentence goes on about the lamp before it: `It should come from the left`."""
    pronoun = clause and clause[0].value in PRONOUNS
    return bool(pronoun) and any(one.value in GOES_ON_FROM for one in clause)


def _kept(read: list[Lexeme]) -> list[Lexeme]:
    kept: list[Lexeme] = []
    before: list[str] = []
    made_at: int | None = None
    since: int | None = None
    label = False  # a line such as `Light: hard, from the left` is one phrase
    for one in read:
        follows_number = bool(kept) and kept[-1].kind in {"NUM", "ROUND"} and not before
        counted = follows_number and (one.kind == "VIEW" or one.value in PICTURES)
        lexeme = replace(one, kind="VIEW") if counted else one
        kind = lexeme.kind
        if kind == "COLON":
            label = bool(kept) and kept[-1].kind in LABELS and (len(kept) == 1 or kept[-2].kind == "STOP")
            before.append("COLON")
            continue
        label = label and kind != "STOP"
        if (kind in LEFT_OUT and not counted) or (label and kind == "COMMA"):
            if kind == "PRODUCT" and not before:
                _drop_description(kept)
            since = lexeme.start if since is None else since
            if kept:
                viewed = kept[-1].viewed or (kind == "VIEW" and not before)
                made_until = lexeme.end if kind == "MAKE" else kept[-1].made_until
                kept[-1] = replace(kept[-1], until=lexeme.end, viewed=viewed, made_until=made_until)
            made_at = lexeme.start if kind == "MAKE" else made_at
            before += {COURTESY: [lexeme.value], TALK: []}.get(kind, [kind, lexeme.value])
            continue
        kept.append(replace(lexeme, before=tuple(before), made_at=made_at, since=since))
        before, made_at, since = [], None, None
    return kept


def _drop_description(kept: list[Lexeme]) -> None:
    """Forget the colours directly before the product: `the red mug` describes it."""
    if kept and kept[-1].kind == UNKNOWN and DEFINITE & set(kept[-1].before[-1:]):
        kept.pop()  # `the weekender bag`
    first = len(kept)
    while first and kept[first - 1].kind in SWATCHES:
        first -= 1
    of_backdrop = first and kept[first - 1].kind in {"BACKDROP", "GRADIENT", "PLAIN"}
    if first < len(kept) and not of_backdrop and not {"ON", "MAKE"} & set(kept[first].before):
        del kept[first:]
