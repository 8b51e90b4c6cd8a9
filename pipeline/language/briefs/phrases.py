"""Recognises the phrases of a brief with the grammar in `grammar.lark`: LALR(1), the longest phrase first."""

from collections.abc import Iterator, Sequence
from functools import cache
from importlib.resources import files
from typing import Any

from lark import Lark, Token, Tree
from lark.exceptions import UnexpectedInput
from lark.lexer import Lexer

from pipeline.language.briefs.lexeme import Lexeme

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
