"""Words of directions that mean none: `get back to you`, `see the notes below`, `what is left to do`, `top, danke`."""

from dataclasses import replace

from pipeline.language.briefs.cues import cue
from pipeline.language.briefs.declarations import declares
from pipeline.language.briefs.lexeme import QUALITIES, SWATCHES, Lexeme
from pipeline.language.briefs.lexicon import COURTESY, NOUN, TALK, UNKNOWN
from pipeline.language.briefs.utterance import BOUNDS, Spans, Utterance

HEIGHTS = frozenset({"above", "below", "raised"})
POINTED = frozenset({"above", "oben", "dessus"})
DIRECTED = frozenset({"FROM", "SLIGHTLY", "MUCH", "OBLIQUE", "DEG", "SIDE", "NUM"})
PAIRED = cue("paired")
"""Of such things a shop sells two: `the left shoe` is no view."""
HAVE = frozenset({"a", "as", "ai", "ont", "avez", "avons", "avait"})
KNOWING = frozenset({"ich", "er", "sie", "wer", "man", "keiner", "niemand", "jeder"})
SEPARABLE = frozenset({"take", "taking", "get", "edit", "cut", "clean", "nimm", "nehmt", "mach", "macht", "schneide"})
OFF = frozenset({"off", "out", "away", "weg", "raus", "ab"})
EXCEPT, FINE = (
    frozenset({"except", "ausser", "bis auf", "sauf"}),
    cue("done") | cue("fine"),
)
OPENS = BOUNDS | {"AND", "COLON"}
RETURNING, RETURNED, LEFT_OVER, LEFT_AS = cue("returning"), cue("returned"), cue("left_over"), cue("left_as")
RIGHT_AWAY, PRAISING, PRAISED, POINTING = cue("right_away"), cue("praising"), cue("praised"), cue("pointing")
LIGHTING, WISHING = cue("lighting"), cue("wishing")
DETERMINERS, BEHIND, PLURALS = cue("determiners"), cue("behind"), cue("plurals")


def idioms(heard: Utterance) -> Spans:
    """Directions that are talk. One that says where the backdrop is becomes it: `a gradient behind the mug`."""
    for at, one in enumerate(heard.tokens):
        if changed := _meant(heard, at):
            heard.tokens[at] = changed
        elif heard.words[at] in SEPARABLE and (off := _separated(heard, at)):
            heard.tokens[at] = replace(one, kind="REMOVE", value="remove")
            heard.tokens[off] = replace(heard.tokens[off], kind=COURTESY)
        elif heard.words[at] in {"weiss", "weisst"} and _word(heard, at - 1) in KNOWING:
            yield at, at + 1  # `ich weiß, es ist spät`
        elif one.kind in {"SIDE", "UP", "DOWN"} and _is_idiom(heard, at):
            heard.read[at] = replace(one, kind=TALK)
            yield at, at + 1


def _meant(heard: Utterance, at: int) -> Lexeme | None:
    """The token as it is meant between those beside it; None if it means what it says."""
    one, word, after = heard.tokens[at], heard.words[at], heard.kind(at + 1)
    if word in BEHIND and _is_behind_product(heard, at):
        return replace(one, kind="BACKDROP", value="backdrop")
    if word == "gone" and heard.kind(at - 1) in {"SHADOW", "PART"} and heard.said(max(0, at - 5), at) & WISHING:
        return replace(one, kind="REMOVE", value="remove")  # `I want the shadow gone`
    forgotten = word == "oublie" and _word(heard, at - 1) in HAVE  # `t'as oublié la face`
    article = word == "ne" and after == "NUM"  # `um ne halbe Blende`
    excepted = word in EXCEPT and _is_only_one(heard, at)
    moving = one.kind == UNKNOWN and word in LIGHTING and _moves_light(heard, at)
    if moving or (one.kind == "NOT" and (excepted or forgotten or article)):
        return replace(one, kind=COURTESY)
    no_more = one.kind == "MORE" and word == "plus de" and after in {"MATERIAL", "COLOUR"}  # `plus de marbre`
    answered = one.kind == "NO" and after in BOUNDS and heard.kind(at - 1) == "SIDE"  # `front yes, back no`
    if no_more or answered:
        return replace(one, kind="NOT", value="not")
    if one.kind == "COLOUR" and _word(heard, at + 1) in {"one", "ones"} and heard.kind(at - 1) != "ON":
        return replace(one, kind=UNKNOWN)  # `show the blue one`
    return replace(one, kind="OTHER") if one.turns and _word(heard, at + 1) in PAIRED else None


def _moves_light(heard: Utterance, at: int) -> bool:
    """Whether a verb opens its clause and moves the light: `move the light to the left`."""
    after = at + 1
    while _word(heard, after) in DETERMINERS:
        after += 1
    return heard.kind(at - 1) in OPENS | {COURTESY} and heard.kind(after) in {"LIGHT", "SHADOW"}


def _is_only_one(heard: Utterance, at: int) -> bool:
    """Whether all but one is said to be fine: `all good except the back: 10% darker`."""
    first = max((other + 1 for other in range(at) if heard.kind(other) in BOUNDS), default=0)
    return bool(heard.said(first, at) & FINE) and not heard.asks(first, at)


def _separated(heard: Utterance, at: int) -> int | None:
    """Where the `off` of `take the tag off` stands."""
    bound = heard.bound(at)
    off = next((other for other in range(at + 1, bound) if heard.words[other] in OFF), None)
    return off if off is not None and "PART" in heard.kinds(at, off) else None


def _is_idiom(heard: Utterance, at: int) -> bool:
    word, kind = heard.words[at], heard.tokens[at].kind
    if word == "back":
        return _comes_back(heard, at)
    if word == "left":
        return _is_left_over(heard, at)
    if word == "right":
        return _is_agreement(heard, at)
    if word in {"top", "oben", "unten"}:
        return _is_praise(heard, at)
    named = word in POINTED or heard.tokens[at].value != "above"  # `als flat lay` is a view
    return kind != "SIDE" and heard.tokens[at].value in HEIGHTS and named and _points(heard, at)


def _word(heard: Utterance, at: int) -> str:
    """The word at a place, the `s` of `what's`; empty beyond the ends."""
    return heard.words[at].rpartition("'")[2] if 0 <= at < len(heard.words) else ""


def _comes_back(heard: Utterance, at: int) -> bool:
    """`send it back`, `get back to you`, `back in stock`; but `get the back`, `back of the tee`."""
    before, after = _word(heard, at - 1), _word(heard, at + 1)
    if heard.kind(at + 1) in {"VIEW", "AND", "SIDE", "COLON"} or after == "of":
        return False
    return before in RETURNING or (
        after in RETURNED and before not in DETERMINERS and heard.kind(at - 1) not in {"FROM", "NUM"}
    )


def _is_left_over(heard: Utterance, at: int) -> bool:
    """`what's left`, `can be left as it is`."""
    before, after = _word(heard, at - 1), _word(heard, at + 1)
    lit = heard.kinds(max(0, at - 4), at) & {"LIGHT", "SHADOW", "VIEW", "PRODUCT"}
    return not lit and (before in LEFT_OVER or after in LEFT_AS)


def _is_agreement(heard: Utterance, at: int) -> bool:
    """`Right, so ...`, `white as always, right?`, `that's right`."""
    begins, ends = heard.kind(at - 1) == "STOP", heard.kind(at + 1) in BOUNDS
    if ends and heard.kind(at - 1) == "COMMA" and _word(heard, at + 1) == "?":
        return True
    if _word(heard, at - 1) in {"all", "s"} and ends:
        return True
    if begins and ends and declares(heard, at + 2, heard.bound(at + 2)):
        return True  # `Right, the horizon is off`
    following = at + 2 if ends else at + 1
    return begins and _word(heard, following) in RIGHT_AWAY


def _is_praise(heard: Utterance, at: int) -> bool:
    """`das wäre top`, `Top, danke`, `top priority`; and `wie oben`, `oben genannt`."""
    before, after = _word(heard, at - 1), _word(heard, at + 1)
    if heard.kind(at + 1) == "COMMA" and heard.kind(at - 1) in BOUNDS:
        after = _word(heard, at + 2) if _word(heard, at + 2) in PRAISED else ""
    return before in PRAISING or after in PRAISED


def _points(heard: Utterance, at: int) -> bool:
    """`see the list below`, `as above`, `ci-dessous`; but `from below`, `45° above`, and `above` in a list of views."""
    before, after = heard.kind(at - 1), heard.kind(at + 1)
    if _word(heard, at - 1) in POINTING:
        return True
    if before in DIRECTED or after == "VIEW":
        return False
    if before == "VIEW":
        return _word(heard, at - 1) in PLURALS
    if heard.kinds(max(0, at - 3), at) & {"VIEW", "FROM", "DEG"} or (before in OPENS and after in OPENS | {"ON"}):
        return False
    return before in {COURTESY, TALK}


def _is_behind_product(heard: Utterance, at: int) -> bool:
    """Whether `behind` has the product after it, and no `from` before it."""
    first = at + 1
    while _word(heard, first) in DETERMINERS:
        first += 1
    return heard.kind(first) == "PRODUCT" and heard.kind(at - 1) != "FROM"


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
LAMPS = frozenset({"lamp", "lampe", "leuchte"})


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
