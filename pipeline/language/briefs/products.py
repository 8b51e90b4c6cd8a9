"""Unknown nouns that stand where the product stands: `show the tray on marble`, `die Kanne von links`.

Shops sell more things than a lexicon has. A brief is about one product, so that such a noun can be no other thing. What
stands beside the product or under it (`on a tray`, `with a spoon`, `a tray under it`) stays unknown.
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace

from pipeline.language.briefs.cues import cue
from pipeline.language.briefs.lexeme import Lexeme, kinds
from pipeline.language.briefs.lexicon import COURTESY, TALK, UNKNOWN
from pipeline.language.briefs.spelling import in_a_dictionary
from pipeline.language.briefs.utterance import BOUNDS, Spans, Utterance

GUESSED = "guessed"
"""The value of a product that is told by its place."""
ARTICLES = frozenset({"a", "an", "ein", "eine", "einen", "einem", "einer", "un", "une", "some"})
QUIET = kinds("COURTESY TALK VIEW MAKE COLON AND NUM")
VIEWS = kinds("SIDE UP DOWN THREEQ LEVEL OBLIQUE PROFILE NUM OWN_ANGLE")
EDGES = kinds("SIDE UP DOWN")
FOLLOWING = kinds("FROM ON TO COLON VIEW") | VIEWS
DETERMINERS, FOR, BESIDE, WISHING = cue("determiners"), cue("for"), cue("beside") - {"a"}, cue("wishing")
OF, IF, DEFINITE = cue("of"), cue("if"), cue("definite")
FROM_SOMEWHERE, STYLES = cue("from_somewhere"), cue("styles")
NO_PRODUCTS = cue("no_products") | cue("looks") | FROM_SOMEWHERE
OF_STYLES, OF_IDEAS = tuple(sorted(cue("ends_of_styles"))), tuple(sorted(cue("ends_of_ideas")))
DIVIDING = frozenset({"de", "d", "d'"})
LINKING = frozenset({"hatte", "hatten", "brauche", "brauchen", "bitte", "vu", "vue", "vus", "vues", "please", "seen"})
SHORTEST_NOUN = 3  # letters


def products(heard: Utterance) -> Spans:
    """None: the first noun at the place of the product is the product, and so is the same word later.

    Where a light or the weather comes from is no view: `spotlight from the left`.
    """
    known = {one.value for one in heard.tokens if one.kind == "PRODUCT"}
    if not known:
        named = ""
        for at in _places(heard):
            named = named or heard.words[at]
            if heard.words[at] == named:
                heard.tokens[at] = replace(heard.tokens[at], kind="PRODUCT", value=GUESSED)
    for at, one in enumerate(heard.tokens):
        if one.kind == UNKNOWN and _completes(heard, at):
            heard.tokens[at] = replace(one, kind="PRODUCT", value=GUESSED)
            heard.tokens[at - 1] = replace(heard.tokens[at - 1], kind=COURTESY)
        elif heard.words[at] in FROM_SOMEWHERE and one.kind in {UNKNOWN, TALK} and (side := _side_of(heard, at)):
            heard.tokens[at] = replace(one, kind=UNKNOWN)
            heard.tokens[side] = replace(heard.tokens[side], kind="OTHER")
    yield from ()


def _side_of(heard: Utterance, at: int) -> int | None:
    """Where the side stands that something comes from; None if no `from` and side follow."""
    side = at + 2
    while heard.words[side : side + 1] and heard.words[side] in DETERMINERS:
        side += 1
    return side if heard.kind(at + 1) == "FROM" and heard.kind(side) in EDGES else None


def guessed_in(text: str, tokens: Sequence[Lexeme]) -> list[str]:
    """The words of a text that are told by their place to be the product, each once."""
    return list(dict.fromkeys(text[one.start : one.end] for one in tokens if one.value == GUESSED))


def _places(heard: Utterance) -> Iterator[int]:
    """Where unknown nouns stand at the place of the product."""
    for first, end in heard.clauses():
        for at in range(first, end):
            if heard.kind(at) == UNKNOWN and _is_noun(heard, at) and _is_placed(heard, first, at, end):
                yield at
                break


def _is_noun(heard: Utterance, at: int) -> bool:
    word = heard.words[at]
    thing = word not in NO_PRODUCTS | STYLES and not word.endswith(OF_IDEAS)
    return len(word) >= SHORTEST_NOUN and thing and in_a_dictionary(word)


def _is_placed(heard: Utterance, first: int, at: int, end: int) -> bool:
    """Whether a noun is the object of a wish or the subject of a view, and what follows asks for something of it."""
    start = at
    while start > first and heard.words[start - 1] in DETERMINERS and heard.kind(start - 1) == COURTESY:
        start -= 1
    determined = start < at
    wished = heard.said(first, start) & WISHING
    of_view = _is_of_view(heard, start - 1)
    heads = of_view or all(heard.kind(other) in {COURTESY, TALK, "AND", "ON"} for other in range(first, start))
    if heard.words[start] in ARTICLES or not (of_view or _is_open(heard, first, start)):
        return False
    styled = heard.words[at].endswith(OF_STYLES)
    if not (determined or of_view) and (
        styled or not (heads and heard.kind(first - 1) == "STOP" and _is_viewed(heard, at + 1))
    ):
        return False
    if heads and determined and at + 1 == end and heard.kind(first - 1) == "STOP" and heard.kind(end) == "COMMA":
        return _is_viewed(heard, end + 1)  # `the trivet, front and back`
    if of_view and at + 1 == end:
        return True
    return bool((wished or heads) and _goes_on(heard, at + 1, end) and heard.asks(at + 1, end))


def _is_of_view(heard: Utterance, at: int) -> bool:
    """Whether `of` stands at a place after a view: `two views of the colander`, `Vorderansicht vom Sieb`."""
    while heard.words[at : at + 1] and heard.words[at] in {"the", "dem", "der", "our"}:
        at -= 1
    seen = heard.at(at - 1)
    view = seen and (seen.kind == "VIEW" or (seen.kind == "SIDE" and seen.value in {"front", "back"}))
    return bool(view) and (heard.words[at] in OF or heard.words[at] == "vom")


def _is_open(heard: Utterance, first: int, start: int) -> bool:
    """Whether nothing before a noun and its article gives it another place: no preposition or condition."""
    before = heard.said(first, start)
    quiet = all(
        heard.kind(other) in QUIET or heard.words[other] in {"on", "il"}  # pronouns, which may be read as other words
        for other in range(first, start)
    )
    close = heard.words[start - 1] if start > first else ""
    return quiet and not before & (BESIDE | IF) and close not in FOR | (OF - {"der", "des", "de", "du"})


def _is_viewed(heard: Utterance, at: int) -> bool:
    """Whether a view follows: `Dose von vorn`, `goblet 30\u00b0 left`, `plateau vu de face`."""
    while heard.kind(at) in {COURTESY, "VIEW", "FROM"}:
        at += 1
    return heard.kind(at) in VIEWS


def _goes_on(heard: Utterance, at: int, end: int) -> bool:
    """Whether a view, a backdrop or a channel follows a noun, and neither an edge nor another thing."""
    word, following = (heard.words[at], heard.kind(at)) if at < end else ("", "")
    if following == "ON" or word in OF:
        after = at + 1
        while after < end and heard.words[after] in DETERMINERS:
            after += 1
        return heard.kind(after) not in EDGES | {UNKNOWN} or following == "FROM"
    if following == COURTESY:
        return word in WISHING | LINKING | FOR and not heard.said(at, end) & BESIDE
    return following in FOLLOWING


def _completes(heard: Utterance, at: int) -> bool:
    """Whether a noun only says which product it is: `lampe de chevet`."""
    joined = heard.words[at - 1 : at] and heard.words[at - 1] in DIVIDING and heard.kind(at - 2) == "PRODUCT"
    ends = heard.kind(at + 1) in {*BOUNDS, COURTESY, "FROM", "ON", "COLON", *VIEWS}
    return bool(joined and ends and _is_noun(heard, at))
