"""From the phrases that the grammar recognises to what they ask for."""

from collections.abc import Callable, Iterator, Sequence
from functools import cache
from importlib.resources import files
from itertools import pairwise
from typing import Any

from lark import Lark, Token, Tree
from lark.exceptions import UnexpectedInput
from lark.lexer import Lexer

from pipeline.language.briefs.amounts import adjust_of, crop_of, resize_of, rotation_of
from pipeline.language.briefs.asks import Alter, Edit, Extend, Mood, NoSuchPhrase, OnChannel, RefusedPhrase, What
from pipeline.language.briefs.colours import gradient_of, ground_of, mood_words
from pipeline.language.briefs.cues import cue
from pipeline.language.briefs.directions import lamp_of, lexemes_in, turned_view, view_of, views_around
from pipeline.language.briefs.lexeme import SWATCHES, Lexeme

ROUGHLY = frozenset({"say", "like", "about", "roughly", "etwa", "ungefahr", "sagen", "circa", "disons", "environ"})
VERSIONS, ONE, WITH = cue("versions"), cue("one"), cue("with")
TOWARDS = frozenset({"TO", "au", "bis", "zu"})


def longest_wish(lexemes: Sequence[Lexeme], *, after_trim: bool) -> tuple[int, list[What]] | None:
    """The longest phrase that the tokens begin with: how many tokens, and what it asks for; None if there is none.

    `after_trim`: the phrase before trimmed a side, so that `5% left` trims another. Raises RefusedPhrase.
    """
    for count, rule, tree in phrases_at(lexemes):
        if rule == "more_crop" and not (after_trim or "off" in lexemes[2].before):  # `5% off the left`
            continue
        try:
            return count, READERS[rule](tree, lexemes[:count])
        except NoSuchPhrase:
            continue
    return None


def is_trim(whats: Sequence[What]) -> bool:
    """Whether a phrase cut shares off the sides."""
    return any(
        isinstance(what, Edit) and all(path[0] == "crop" and path[-1] != "aspect" for path in what.fields)
        for what in whats
    )


def _backdrop(tree: Tree[Any], lexemes: Sequence[Lexeme]) -> list[What]:
    swatches, moods = _part(tree, "swatches"), _part(tree, "moods")
    if moods and all(lexeme.kind == "TONE" for lexeme in swatches):
        words = [lexeme.value for lexeme in [*swatches, *moods] if lexeme.kind != "MOODWORD"]
        return [Mood(" ".join(words))]
    if not moods and any(TOWARDS & set(lexeme.before) for lexeme in swatches[1:]):
        return [gradient_of(swatches)]
    ground = ground_of(swatches, moods)
    mood = [Mood(", ".join(words))] if (words := mood_words(moods)) else []
    before = {word for lexeme in lexemes for word in lexeme.before}
    said = "ON" in before or any(lexeme.kind == "BACKDROP" for lexeme in lexemes)
    if ground.backdrop.kind == "solid" and not said and {"MAKE", "PRODUCT"} & before:
        if "MAKE" in before:
            return [Alter()]
        raise RefusedPhrase("this may mean the product or its backdrop; write `on white` for the backdrop")
    return [ground_of(swatches, ()), *mood] if mood else [ground]


def _gradient(tree: Tree[Any], _: Sequence[Lexeme]) -> list[What]:
    return [gradient_of(_part(tree, "swatches"))]


def _mood(tree: Tree[Any], lexemes: Sequence[Lexeme]) -> list[What]:
    moods = _part(tree, "moods")
    words = mood_words(moods)
    if not words or (moods[0].kind != "MOOD" and len(moods) == 1):
        raise NoSuchPhrase
    said = [word.replace("1.0", "one") for words in lexemes[0].before for word in words.split()]
    counted = any(one in ONE and other in WITH for one, other in pairwise(said))  # `one with snow`
    counted = counted or said[-1:] in (["one"], ["einmal"])  # `one at night`
    return [Mood(", ".join(words), apart=counted or bool(VERSIONS & set(said)))]


def _channel(_: Tree[Any], lexemes: Sequence[Lexeme]) -> list[What]:
    name = lexemes[0].value
    if len(lexemes) > 1 and lexemes[1].value.replace(":", "x") not in name:
        raise NoSuchPhrase
    return [OnChannel(name)]


def _extend(_: Tree[Any], lexemes: Sequence[Lexeme]) -> list[What]:
    shapes = {_shape(lexeme) for lexeme in lexemes} - {""}
    if len(shapes) != 1:
        raise RefusedPhrase("say where a painted scene continues: `wider scene` or `taller scene`")
    return [Extend(shapes.pop())]


def _shape(lexeme: Lexeme) -> str:
    if lexeme.kind == "EXTEND":
        return lexeme.value if lexeme.value != "any" else ""
    return {"SIDE": "wide", "UP": "tall", "DOWN": "tall"}.get(lexeme.kind, "")


def _exposure(_: Tree[Any], lexemes: Sequence[Lexeme]) -> list[What]:
    """`+1 EV` or `lift it by half a stop`; in `darker, say half a stop`, the amount may be up or down."""
    kinds = [lexeme.kind for lexeme in lexemes]
    ways = [kind for kind in kinds if kind in {"MORE", "LESS"}]
    if sorted({*kinds} - {*ways}) != ["EV", "NUM"] or kinds.count("NUM") != 1 or len(ways) > 1:
        raise NoSuchPhrase
    if ways:
        return [adjust_of([*lexemes, Lexeme("BRIGHTNESS", "", 0, 0)])]
    if lexemes[0].value[0] not in "+-" and ROUGHLY & set(lexemes[0].before):
        raise RefusedPhrase("say which way: `half a stop brighter` or `-0.5 EV`")
    return [adjust_of([*lexemes, Lexeme("BRIGHTNESS", "", 0, 0)])]


def _part(tree: Tree[Any], name: str) -> list[Lexeme]:
    return [lexeme for part in tree.find_data(name) for lexeme in lexemes_in(part)]


READERS: dict[str, Callable[[Tree[Any], Sequence[Lexeme]], list[What]]] = {
    "angle": lambda tree, _: [view_of(tree)],
    "round": lambda _, lexemes: list(views_around(lexemes)),
    "backdrop": _backdrop,
    "gradient": _gradient,
    "mood": _mood,
    "light": lambda tree, _: [lamp_of(tree)],
    "crop": lambda _, lexemes: [crop_of(lexemes)],
    "more_crop": lambda _, lexemes: [crop_of(lexemes)],
    "adjust": lambda _, lexemes: [adjust_of(lexemes)],
    "exposure": _exposure,
    "rotate": lambda _, lexemes: [*turned_view(lexemes), rotation_of(lexemes)],
    "resize": lambda _, lexemes: [resize_of(lexemes)],
    "channel": _channel,
    "extend": _extend,
}


def is_weak(lexemes: Sequence[Lexeme]) -> bool:
    """Whether a phrase is one bare word, such as `left` or `white`, that may belong to unknown words beside it."""
    (first, *rest) = lexemes
    if first.kind in SWATCHES and not rest:
        return "ON" not in first.before
    if rest or first.viewed or {"ON", "FROM", "VIEW"} & set(first.before):
        return False
    return first.kind in {"SIDE", "UP", "DOWN", "MOOD"}


LONGEST = 24  # tokens in one phrase


class _NoLexer(Lexer):
    """The tokens come from `tokens_of`; this only fills the parser's slot for a lexer."""

    def __init__(self, _conf: object) -> None: ...

    def lex(self, *_: object) -> Iterator[Token]:
        """Nothing."""
        return iter(())


@cache
def _parser() -> Lark:
    grammar = (files("pipeline.language.briefs") / "grammar.lark").read_text("utf-8")
    return Lark(grammar, parser="lalr", lexer=_NoLexer)


def phrases_at(lexemes: Sequence[Lexeme]) -> list[tuple[int, str, Tree[Any]]]:
    """Every phrase that the tokens begin with, longest first: (count of tokens, rule, tree of `Lexeme` in tokens)."""
    state = _parser().parse_interactive("")
    found: list[tuple[int, str, Tree[Any]]] = []
    for count, lexeme in enumerate(lexemes[:LONGEST], 1):
        try:
            state.feed_token(Token(lexeme.kind, lexeme))
        except UnexpectedInput:
            break
        try:
            whole = state.copy().feed_eof()  # type: ignore[no-untyped-call]  # of lark
        except UnexpectedInput:
            continue
        rule = whole.children[0]
        found.append((count, str(rule.data), rule))
    return found[::-1]
