"""The tokens of a brief with their words, as the rules look at them that tell talk from wishes."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

from pipeline.language.briefs.cues import cue
from pipeline.language.briefs.fold import fold
from pipeline.language.briefs.lexeme import QUALITIES, Lexeme

SO = cue("so_then")
STATING = cue("is") | cue("too")
BOUNDS = frozenset({"COMMA", "STOP"})
HasAsk = Callable[[Sequence[Lexeme], bool], bool]
"""Whether tokens ask for something; True: with more than one bare word, such as `white` in `buyers love white`."""
Spans = Iterator[tuple[int, int]]
"""First token and end of what is talk."""


@dataclass
class Utterance:
    """`tokens` change as rules find talk; `words` are theirs, folded; `read` are they before any rule."""

    tokens: list[Lexeme]
    words: list[str]
    has_ask: HasAsk
    read: list[Lexeme] = field(default_factory=list)

    @classmethod
    def of(cls, text: str, tokens: Sequence[Lexeme], has_ask: HasAsk) -> "Utterance":
        """The tokens of a text."""
        return cls(list(tokens), [fold(text[one.start : one.end]) for one in tokens], has_ask, list(tokens))

    def at(self, at: int) -> Lexeme | None:
        """The token at a place; None beyond the ends."""
        return self.tokens[at] if 0 <= at < len(self.tokens) else None

    def kind(self, at: int) -> str:
        """The kind of the token at a place; STOP beyond the ends."""
        return self.tokens[at].kind if 0 <= at < len(self.tokens) else "STOP"

    def kinds(self, first: int, end: int) -> set[str]:
        """The kinds of some tokens."""
        return {one.kind for one in self.tokens[first:end]}

    def said(self, first: int, end: int) -> set[str]:
        """The words of some tokens; `it's` is also `s`, and `let's` a wish."""
        words = self.words[first:end]
        return {*words, *(part for word in words if word != "let's" and " " not in word for part in word.split("'"))}

    def phrase(self, first: int, end: int) -> str:
        """The words of some tokens, with a space between them."""
        return " ".join(self.words[first:end])

    def asks(self, first: int, end: int, *, strongly: bool = False) -> bool:
        """Whether some tokens ask for something."""
        return self.has_ask(self.tokens[first:end], strongly)

    def bound(self, at: int) -> int:
        """Where the clause ends that `at` stands in."""
        return next((other for other in range(at, len(self.tokens)) if self.kind(other) in BOUNDS), len(self.tokens))

    def clauses(self) -> Spans:
        """What stands between commas and ends of sentences, and before and after the `:` or `so` of a statement."""
        first = 0
        while first < len(self.tokens):
            end = self.bound(first)
            joint = next((at for at in range(first + 1, end) if self._joins(at)), end)
            if joint < end and self.said(first, joint) & STATING:
                end = joint
            if first < end:
                yield first, end
            first = end + 1 if self.kind(end) in {*BOUNDS, "COLON"} else end

    def _joins(self, at: int) -> bool:
        adjective = self.kind(at + 1) in {"UNKNOWN", "TONE", *QUALITIES}  # `why it looks so dark`
        return self.kind(at) == "COLON" or (self.words[at] in SO and not adjective)
