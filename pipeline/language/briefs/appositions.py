"""Words that say more of a thing before them: `oak (light)`, `something wooden, oak maybe`; and lamps for sale."""

from dataclasses import replace

from pipeline.language.briefs.cues import cue
from pipeline.language.briefs.lexeme import QUALITIES, SWATCHES
from pipeline.language.briefs.lexicon import COURTESY, NOUN, TALK
from pipeline.language.briefs.utterance import BOUNDS, Spans, Utterance

TONES = {
    **dict.fromkeys(("light", "pale", "hell", "helle", "heller", "helles", "clair", "claire"), "light"),
    **dict.fromkeys(("dark", "deep", "dunkel", "dunkle", "dunkler", "dunkles", "fonce", "foncee"), "dark"),
}
KINDS_OF = {
    "wood": {"oak", "walnut", "teak", "pine", "birch", "beech", "bamboo"},
    "fabric": {"linen", "cotton", "wool"},
    "stone": {"marble", "granite", "slate", "terrazzo"},
}
JOINTS = frozenset({"COMMA", "COLON", "AND"})
LIGHTING, LAMPS = cue("lighting"), frozenset({"lamp", "lampe", "leuchte"})


def appositions(heard: Utterance) -> Spans:
    """None: a tone goes before its thing, and what is named twice is what was named more exactly."""
    for at in range(len(heard.tokens) - 1, -1, -1):
        if heard.words[at] in TONES and _is_after_thing(heard, at):
            _move_before(heard, at)
        elif heard.tokens[at].value in KINDS_OF and heard.kind(at) == "MATERIAL" and _is_named_again(heard, at):
            heard.tokens[at] = replace(heard.tokens[at], kind=COURTESY)
        elif heard.words[at] in LAMPS and heard.kind(at) == "LIGHT" and _is_shown(heard, at):
            heard.tokens[at] = replace(heard.tokens[at], kind="PRODUCT", value="product")
    yield from ()


def _is_after_thing(heard: Utterance, at: int) -> bool:
    ends = heard.kind(at + 1) in BOUNDS or heard.words[at + 1] == ")"
    return ends and heard.kind(at - 1) in {"COMMA", "AND"} and heard.kind(at - 2) in {"MATERIAL", "COLOUR", "PLACE"}


def _move_before(heard: Utterance, at: int) -> None:
    """Put a tone before the things that stand before it."""
    first = at - 2
    while heard.kind(first - 1) in SWATCHES:
        first -= 1
    one = heard.tokens[at]
    heard.tokens[at] = replace(one, kind=COURTESY)
    heard.tokens[at - 1] = replace(heard.tokens[at - 1], kind=COURTESY)
    start = heard.tokens[first].start
    tone = replace(one, kind="TONE", value=TONES[heard.words[at]], start=start, end=start)
    for tokens in (heard.tokens, heard.read):
        tokens.insert(first, tone)
    heard.words.insert(first, "")


def _is_named_again(heard: Utterance, at: int) -> bool:
    """Whether a kind of the material follows in a clause of its own: `something wooden, oak maybe`."""
    joint = _after_talk(heard, at + 1)
    if heard.kind(joint) not in JOINTS or heard.words[joint] not in {",", ":", "("}:
        return False
    kind = _after_talk(heard, joint + 1)
    while heard.kind(kind) in {"TONE", "ON"}:
        kind += 1
    return heard.kind(kind) == "MATERIAL" and heard.tokens[kind].value in KINDS_OF[heard.tokens[at].value]


def _after_talk(heard: Utterance, at: int) -> int:
    while heard.kind(at) in {COURTESY, TALK}:
        at += 1
    return at


def _is_shown(heard: Utterance, at: int) -> bool:
    """Whether a lamp is what the pictures show, and not what lights another product: `the lamp from the left`."""
    first = at
    while first and heard.kind(first - 1) in {COURTESY, TALK, "ON", "FROM", "ADD", *QUALITIES}:
        first -= 1
    lit = heard.said(first, at) & LIGHTING or {heard.kind(at - 1), heard.kind(at + 1)} & (QUALITIES | {"COLON"})
    others = any(one.kind in {"PRODUCT", NOUN} for other, one in enumerate(heard.tokens) if other != at)
    return not lit and not others
