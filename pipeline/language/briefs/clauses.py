"""Walks through a brief clause by clause: what each asks for, and the words that remain."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from pipeline.language.briefs.alterations import altering, instead, phrase_end
from pipeline.language.briefs.asks import Alter, Ask, Lamp, RefusedPhrase, View
from pipeline.language.briefs.corrections import (
    CHOICE,
    LAST,
    MAYBE,
    OR,
    RETRACT,
    UNCLEAR,
    taken_back,
    unclear,
    with_amount,
)
from pipeline.language.briefs.cues import cue
from pipeline.language.briefs.directions import LAMP_OR_VIEW
from pipeline.language.briefs.lexeme import Lexeme
from pipeline.language.briefs.lexicon import UNKNOWN
from pipeline.language.briefs.neighbours import PREPOSITIONS, changed_by_neighbour
from pipeline.language.briefs.readings import is_trim, is_weak, longest_wish

ITS_OWN = "every picture has a backdrop; write the one that is wanted, such as `on white`"
OF_REASON = "a reason asks for nothing; write what is wanted in a sentence of its own"
OF_OPINION = "what somebody likes or has is no wish; write what is wanted"
STATING = {"REASON": OF_REASON, "OPINION": OF_OPINION, "CONDITION": CHOICE}
BUT = cue("but")
SEPARATORS = frozenset({"COMMA", "STOP"})
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
        return text[self.start : (last.until or last.end) if self.closes else last.end]


@dataclass
class Found:
    """What was found in a brief so far."""

    asks: list[Ask] = field(default_factory=list)
    left: list[Left] = field(default_factory=list)
    replaced: list[Ask] = field(default_factory=list)  # by later ones


def read_clauses(lexemes: Sequence[Lexeme]) -> Found:
    """Everything that the tokens of a brief ask for, and what remains of them."""
    found = Found()
    sentence = 0
    for number, (separator, clause) in enumerate(_split(lexemes)):
        sentence += separator == "STOP"
        if separator == RETRACT:
            _correct(clause, number, sentence, found)
            continue
        known = len(found.asks)
        _read_clause(clause, number, sentence, found)
        if separator == "COMMA" and _is_of_either(found.asks[:known][-1:], found.asks[known:], clause):
            del found.asks[known:]
            found.left.append(Left(tuple(clause), LAMP_OR_VIEW, opens=True))
    return found


def _correct(clause: list[Lexeme], number: int, sentence: int, found: Found) -> None:
    """Read a clause that takes back what was asked for before; both are refused where it is not clear what."""
    said = [one for one in clause if one.kind != RETRACT]
    sure = any(one.kind == RETRACT and one.value not in {MAYBE, LAST, OR} for one in clause)
    known, left = len(found.asks), len(found.left)
    amount = with_amount(found.asks[-1].phrase, said) if known else None
    if amount:
        _read_clause(amount, number, sentence, found)
        found.asks[known:] = [replace(ask, start=said[0].start, end=said[-1].end) for ask in found.asks[known:]]
    elif said:
        _read_clause(said, number, sentence, found)
    either = any(one.value == OR for one in clause if one.kind == RETRACT)
    gone = taken_back(found.asks, known, said, sure=sure) if known else []
    gone = None if either and gone else gone
    reason = CHOICE if either else UNCLEAR
    if gone is not None:
        found.replaced += gone
        return
    doubtful = unclear(found.asks, known)
    del found.left[left:]
    found.asks[:] = [ask for ask in found.asks[:known] if ask not in doubtful]
    found.left += [Left((Lexeme("", "", ask.start, ask.end),), reason) for ask in doubtful]
    found.left.append(Left(tuple(clause), reason, opens=True))


def _is_of_either(before: Sequence[Ask], asks: Sequence[Ask], clause: Sequence[Lexeme]) -> bool:
    """Whether a clause may go on about the lamp before it, or name a view: `soft light, from the left`."""
    if len(before) != 1 or len(asks) != 1 or not isinstance(before[0].what, Lamp):
        return False
    aimed = "azimuth_deg" in before[0].what.fields or before[0].what.shadow is False
    return not aimed and isinstance(asks[0].what, View) and len(clause) == 1 and clause[0].before[:1] == ("FROM",)


def _split(lexemes: Sequence[Lexeme]) -> list[tuple[str, list[Lexeme]]]:
    """The clauses between commas and ends of sentences, each with the separator before it."""
    clauses: list[tuple[str, list[Lexeme]]] = [("", [])]
    for lexeme in lexemes:
        if lexeme.kind in STATING:
            clauses.append(("COMMA", [lexeme]))
        elif lexeme.kind == RETRACT:
            _take_back(clauses, lexeme)
        elif lexeme.kind in SEPARATORS:
            if clauses[-1][1] and not all(one.kind == RETRACT for one in clauses[-1][1]):
                clauses.append((lexeme.kind, []))
            elif lexeme.kind == "STOP" and not clauses[-1][1]:
                clauses[-1] = ("STOP", [])
        else:
            clauses[-1][1].append(lexeme)
    return [clause for clause in clauses if clause[1]]


def _take_back(clauses: list[tuple[str, list[Lexeme]]], lexeme: Lexeme) -> None:
    """Begin a clause that takes back, unless the word stands last: `make it grey instead`."""
    (_, last) = clauses[-1]
    if last and (lexeme.value == LAST or all(one.kind in {RETRACT, "AND"} for one in last)):
        clauses[-1] = (RETRACT, [*last, lexeme])
    else:
        clauses.append((RETRACT, [lexeme]))


def _read_clause(clause: list[Lexeme], number: int, sentence: int, found: Found) -> None:
    for at in range(1, len(clause) - 1):
        denied = clause[at].kind == "AND" and clause[at + 1].kind == "NOT"  # `to the right and not so hard`
        if denied or (clause[0].kind == "NOT" and BUT & set(clause[at + 1].before)):  # `not white but oak`
            _read_clause(clause[: at + (not denied)], number, sentence, found)
            clause = clause[at + 1 :]
            break
    if clause[0].kind in STATING:
        found.left.append(Left(tuple(clause), STATING[clause[0].kind]))
        return
    if any(lexeme.kind == "OR" for lexeme in clause) and len(clause) > 1:
        found.left.append(Left(tuple(clause), CHOICE))
        return
    if any(lexeme.kind == "NOT" for lexeme in clause):
        found.left.append(Left(tuple(clause), "a brief says what is wanted; write that instead of what is not"))
        return
    last = found.asks[-1:]
    after_trim = bool(last) and last[0].sentence == sentence and is_trim([last[0].what])
    spans = _spans(clause, number, sentence, after_trim=after_trim)
    inside: set[int] = set()
    free = set(range(len(clause))) - {at for span in spans for at in range(span.first, span.end)}
    for span in spans:
        changed = not span.reason and changed_by_neighbour(clause, span.first, span.end, span.asks, free)
        weak = is_weak(clause[span.first : span.end])
        if not (weak and _beside_refused(clause, span, spans)) and not changed:
            inside |= set(range(span.first, span.end))
            found.asks += span.asks
            found.left += [Left(tuple(clause[span.first : span.end]), span.reason)] if span.reason else []
    found.left += _rest(clause, inside)


@dataclass(frozen=True)
class _Span:
    """Tokens `first` to `end` of a clause, what they ask for, or the reason why they are refused."""

    first: int
    end: int
    asks: tuple[Ask, ...] = ()
    reason: str = ""


def _spans(clause: list[Lexeme], number: int, sentence: int, *, after_trim: bool) -> list[_Span]:
    """The phrases of a clause from left to right, each as long as possible."""
    spans: list[_Span] = []
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


def _span_at(clause: list[Lexeme], at: int, after_trim: bool) -> _Span | None:
    if clause[at].kind == "CHANGE" and (instead_at := instead(clause, at)):
        span = _span_at(clause, instead_at, after_trim)
        return span and replace(span, first=at)
    if (end := altering(clause, at)) is not None:
        return _Span(at, end, (Ask(Alter(), _verb_at(clause[at]), clause[end - 1].end),))
    try:
        wish = longest_wish(clause[at:], after_trim=after_trim)
    except RefusedPhrase as refused:
        end = len(clause) if str(refused) == LAMP_OR_VIEW else phrase_end(clause, at)
        return _Span(at, end, reason=str(refused))
    if wish is None:
        return None
    count, whats = wish
    start = _verb_at(clause[at]) if isinstance(whats[0], Alter) else clause[at].start
    return _Span(at, at + count, tuple(Ask(what, start, clause[at + count - 1].end) for what in whats))


def _verb_at(lexeme: Lexeme) -> int:
    """Where the `make` before a token stands, or else the token; with a verb to come, the words before it."""
    if lexeme.kind == "PART" and lexeme.since is not None:
        return lexeme.since
    return lexeme.start if lexeme.made_at is None else lexeme.made_at


def _beside_refused(clause: Sequence[Lexeme], span: _Span, spans: Sequence[_Span]) -> bool:
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


def _rest(clause: Sequence[Lexeme], inside: set[int]) -> list[Left]:
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
