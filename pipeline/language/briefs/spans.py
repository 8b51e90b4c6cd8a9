"""The phrases of one clause, and the words that are in none."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from pipeline.language.briefs.asks import Alter, Ask, RefusedPhrase
from pipeline.language.briefs.directions import LAMP_OR_VIEW
from pipeline.language.briefs.lexeme import SWATCHES, Lexeme
from pipeline.language.briefs.lexicon import UNKNOWN
from pipeline.language.briefs.neighbours import PREPOSITIONS
from pipeline.language.briefs.readings import is_trim, longest_wish

ITS_OWN = "every picture has a backdrop; write the one that is wanted, such as `on white`"
JOINING = frozenset({"AND", "VIEW", "OR"})
IDLE = frozenset({"OR", "ADD", "CHANGE", "AND", "BACKDROP", "VIEW", "SCENE", "MORE", "ROUND"})
"""Kinds that may remain beside a wish, as in `change the background to white`."""


@dataclass(frozen=True)
class Left:
    """Words that no phrase contains. `reason`: why they were refused, if they were understood."""

    lexemes: tuple[Lexeme, ...]
    reason: str = ""
    opens: bool = False  # whether they are all that their clause has
    closes: bool = False  # whether they end their clause

    @property
    def start(self) -> int:
        """Where the words begin in the text."""
        first = self.lexemes[0]
        return first.since if self.opens and first.since is not None else first.start

    def of(self, text: str) -> str:
        """The words, with the courtesy that ends their clause, or fills it: beside them it may be none."""
        last = self.lexemes[-1]
        ends = max(one.end for one in self.lexemes)
        return text[self.start : (last.until or ends) if self.closes else ends]


@dataclass(frozen=True)
class Span:
    """Tokens `first` to `end` of a clause, what they ask for, or the reason why they are refused."""

    first: int
    end: int
    asks: tuple[Ask, ...] = ()
    reason: str = ""


def spans_of(clause: list[Lexeme], number: int, sentence: int, *, after_trim: bool) -> list[Span]:
    """The phrases of a clause from left to right, each as long as possible."""
    spans: list[Span] = []
    at = 0
    while at < len(clause):
        trimmed = is_trim([ask.what for ask in spans[-1].asks]) if spans else after_trim
        span = _span_at(clause, at, trimmed)
        if span is None:
            at += 1
            continue
        segment = sum(lexeme.kind == "AND" for lexeme in clause[:at])
        asks = tuple(replace(ask, clause=number, sentence=sentence, segment=segment) for ask in span.asks)
        asks = tuple(replace(ask, phrase=tuple(clause[span.first : span.end])) for ask in asks)
        spans.append(replace(span, asks=asks))
        at = span.end
    return spans


def _span_at(clause: list[Lexeme], at: int, after_trim: bool) -> Span | None:
    if clause[at].kind == "CHANGE" and (instead_at := instead(clause, at)):
        span = _span_at(clause, instead_at, after_trim)
        return span and replace(span, first=at)
    if (end := altering(clause, at)) is not None:
        start, last = min(_verb_at(clause[at]), *(one.start for one in clause[at:end])), clause[end - 1].made_until
        return Span(at, end, (Ask(Alter(), start, last or max(one.end for one in clause[at:end])),))
    try:
        wish = longest_wish(clause[at:], after_trim=after_trim)
    except RefusedPhrase as refused:
        end = len(clause) if str(refused) == LAMP_OR_VIEW else phrase_end(clause, at)
        return Span(at, end, reason=str(refused))
    if wish is None:
        return None
    count, whats = wish
    start = _verb_at(clause[at]) if isinstance(whats[0], Alter) else clause[at].start
    return Span(at, at + count, tuple(Ask(what, start, clause[at + count - 1].end) for what in whats))


def _verb_at(lexeme: Lexeme) -> int:
    """Where the `make` before a token stands, or else the token; with a verb to come, the words before it."""
    if lexeme.kind == "PART" and lexeme.since is not None:
        return lexeme.since
    return lexeme.start if lexeme.made_at is None else lexeme.made_at


def beside_refused(clause: Sequence[Lexeme], span: Span, spans: Sequence[Span]) -> bool:
    """Whether a phrase stands directly beside an unknown word, or after `and` beside a refused phrase."""
    if span.first and clause[span.first - 1].kind == UNKNOWN:
        return True
    if span.end < len(clause) and clause[span.end].kind == "NUM" and all(other.first != span.end for other in spans):
        return True
    following = clause[span.end] if span.end < len(clause) else None
    if following and following.kind == UNKNOWN and not PREPOSITIONS & set(following.before):
        return True
    after_and = span.first > 0 and clause[span.first - 1].kind == "AND"
    return after_and and any(other.reason and other.end == span.first - 1 for other in spans)


def leads_edit(clause: Sequence[Lexeme], at: int, spans: Sequence[Span]) -> bool:
    """Whether an unknown word is the verb of an edit that says all by itself: `nudge the contrast up by 5%`."""
    edit = next((span for span in spans if span.first == at + 1 and span.asks), None)
    kinds = {one.kind for one in clause[edit.first : edit.end]} if edit else set()
    whole = "NUM" in kinds and bool(kinds & {"MORE", "LESS", "BRIGHTER", "DARKER"})
    return at == 0 and clause[at].kind == UNKNOWN and whole and not PREPOSITIONS & set(clause[0].before)


def rest_of(clause: Sequence[Lexeme], inside: set[int]) -> list[Left]:
    """The tokens outside all phrases, each run of them once, without those that mean nothing by themselves."""
    runs: list[list[int]] = []
    for at in range(len(clause)):
        if at not in inside:
            if at - 1 in inside or not runs:
                runs.append([])
            runs[-1].append(at)
    found = []
    for run in runs:
        extended = any(clause[at].kind == "EXTEND" for at in inside)
        framed = any(clause[at].kind in {"RATIO", "SIZE"} for at in inside)
        idle = (
            IDLE
            | ({"CROP"} if framed else set())
            | ({"SLIGHTLY", "MUCH"} if extended else set())
            | ({"CUTOUT"} if any(clause[at].kind == "COLOUR" for at in inside) else set())
            | ({"CHANNELS"} if any(lexeme.kind == "CHANNEL" for lexeme in clause) else set())
        )
        idle = idle if inside else JOINING
        meant = [at for at in run if clause[at].kind not in idle]
        while run and clause[run[0]].kind == "AND":
            del run[0]
        while run and clause[run[-1]].kind == "AND":
            del run[-1]
        if meant:
            lexemes = tuple(clause[at] for at in run)
            reason = ITS_OWN if {lexeme.kind for lexeme in lexemes} == {"REMOVE", "BACKDROP"} else ""
            closes = run[-1] == len(clause) - 1
            found.append(Left(lexemes, reason, opens=closes and run[0] == 0, closes=closes))
    return found


VERBS = frozenset({"REMOVE", "ADD", "CHANGE"})
PRONOUNS = frozenset({"it", "them", "es", "sie", "ihn", "la", "le", "les"})
REPLACING = frozenset({"with", "by", "for", "durch", "gegen", "mit", "par", "pour", "contre", "TO"})


def instead(clause: Sequence[Lexeme], at: int) -> int | None:
    """Where the new backdrop begins in `replace the marble with oak`."""
    for other in range(at + 1, phrase_end(clause, at)):
        if REPLACING & set(clause[other].before):
            return other
        if clause[other].kind not in SWATCHES | {"BACKDROP", "SIDE"}:
            break
    return None


def altering(clause: Sequence[Lexeme], at: int) -> int | None:
    """The end of a phrase that changes the product itself, such as `remove the tag`, if one begins here."""
    first = clause[at]
    end = phrase_end(clause, at)
    kinds = [lexeme.kind for lexeme in clause[at:end]]
    made = "MAKE" in first.before or (kinds[0] == "PART" and clause[end - 1].made_until)
    if "PART" in kinds and (first.kind in VERBS or made):
        return _with_parts(clause, end)
    verbs = [at + place for place, kind in enumerate(kinds) if kind in VERBS]
    if first.kind == "PART" and verbs:  # German verbs come last
        return verbs[-1] + 1
    about_product = any("PRODUCT" in lexeme.before for lexeme in clause[at:end])
    coloured = first.value == "paint" and any(PRONOUNS & set(lexeme.before) for lexeme in clause[at + 1 : end])
    return end if first.kind == "CHANGE" and (about_product or coloured) and "BACKDROP" not in kinds else None


def _with_parts(clause: Sequence[Lexeme], end: int) -> int:
    """`end`, or that of the other parts that `and` adds: `remove the dust and the scratches`."""
    further = phrase_end(clause, end) if end < len(clause) else end
    kinds = [lexeme.kind for lexeme in clause[end + 1 : further]]
    return further if kinds[:1] == ["PART"] and set(kinds) <= {"PART", *SWATCHES} else end  # `and the lid blue`


def phrase_end(clause: Sequence[Lexeme], at: int) -> int:
    """The end of a refused phrase: the next `and`, or the end of the clause."""
    return next((other for other in range(at + 1, len(clause)) if clause[other].kind == "AND"), len(clause))
