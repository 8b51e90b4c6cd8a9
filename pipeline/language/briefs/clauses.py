"""Walks through a brief clause by clause: what each asks for, and the words that remain."""

from collections.abc import Sequence
from dataclasses import replace

from pipeline.language.briefs.asks import Ask, Edit, Lamp, View
from pipeline.language.briefs.corrections import (
    ADDING,
    CHOICE,
    LAST,
    MAYBE,
    OR,
    PERHAPS,
    RETRACT,
    UNCLEAR,
    is_alike,
    is_stronger,
    of_lamp,
    taken_back,
    unclear,
    with_amount,
    with_its_amount,
)
from pipeline.language.briefs.directions import LAMP_OR_VIEW
from pipeline.language.briefs.lexeme import SWATCHES, Lexeme
from pipeline.language.briefs.neighbours import changed_by_neighbour
from pipeline.language.briefs.readings import is_trim, is_weak
from pipeline.language.briefs.settling import UNWANTED, Found, settle, without_denial
from pipeline.language.briefs.spans import Left, beside_refused, leads_edit, rest_of, spans_of

OF_REASON = "a reason asks for nothing; write what is wanted in a sentence of its own"
OF_OPINION = "what somebody likes or has is no wish; write what is wanted"
STATING = {"REASON": OF_REASON, "OPINION": OF_OPINION, "CONDITION": CHOICE}
WHICH = frozenset({"which", "qui", "welche", "welcher", "welches"})
THAT = frozenset({"die", "der", "das", "that", "those", "celle", "celui", "elle", "il"})
"""Opens what is said of an exception: `alles auf Weiß, bis auf die Rückseite, die kommt auf Grau`."""
SEPARATORS = frozenset({"COMMA", "STOP"})


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
        if known and (amounted := with_its_amount(found.asks[-1], clause)):
            last = found.asks.pop()
            _read_clause(amounted, last.clause, last.sentence, found)
            continue
        if separator == "COMMA" and _is_of_exception(found.left[-1:], clause[0].before):
            found.left.append(Left(tuple(clause), UNWANTED))
            continue
        _read_clause(clause, number, sentence, found)
        if len(found.asks) < known:
            continue
        if known and separator == "COMMA" and is_stronger(found.asks[known - 1], found.asks[known:]):
            found.replaced.append(found.asks.pop(known - 1))  # `softer, much softer`
            continue
        if separator == "COMMA" and PERHAPS & set(clause[0].before) and not ADDING & set(clause[0].before):
            _choose(found, known, clause)
        if separator == "COMMA" and _is_of_either(found.asks[:known][-1:], found.asks[known:], clause):
            del found.asks[known:]
            found.left.append(Left(tuple(clause), LAMP_OR_VIEW, opens=True))
    settle(found)
    return found


def _is_of_exception(left: Sequence[Left], before: Sequence[str]) -> bool:
    """Whether a clause goes on about what the one before excludes: `except the back, which goes on grey`."""
    denied = [one for one in left if one.reason == UNWANTED]
    excepted = any(lexeme.value == "except" for one in denied for lexeme in one.lexemes)
    return bool(denied and (WHICH & set(before) or (excepted and THAT & set(before[:1]))))


def _correct(clause: list[Lexeme], number: int, sentence: int, found: Found) -> None:
    """Read a clause that takes back what was asked for before; both are refused where it is not clear what."""
    said = [one for one in clause if one.kind != RETRACT]
    if any(one.value == "forget" for one in said):
        _read_clause(said, number, sentence, found)
        return
    sure = any(one.kind == RETRACT and one.value not in {MAYBE, LAST, OR} for one in clause)
    known, left = len(found.asks), len(found.left)
    said = of_lamp(found.asks, said)
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


def _read_alternative(clause: list[Lexeme], number: int, sentence: int, found: Found) -> None:
    """Refuse the wish before a clause that names another one for it: `on oak, or maybe on walnut`."""
    other = Found()
    _read_clause(clause[1:], number, sentence, other)
    last = [ask for ask in found.asks if ask.clause == found.asks[-1].clause]
    for ask in last:
        if any(type(one.what) is type(ask.what) for one in other.asks):
            found.asks[:] = [each for each in found.asks if each is not ask]
            found.left.append(Left(ask.phrase, CHOICE))


def _choose(found: Found, known: int, clause: Sequence[Lexeme]) -> None:
    """Refuse a wish and the one that perhaps takes its place: `oak, maybe walnut`, `10% brighter, maybe 15%`."""
    only = found.asks[known:] or [ask for ask in found.asks[known - 1 : known] if with_amount(ask.phrase, clause)]
    chosen = [ask for ask in found.asks if ask in only or any(is_alike(ask, one) for one in only)]
    if len(chosen) > len(found.asks[known:]):
        found.asks[:] = [ask for ask in found.asks if ask not in chosen]
        found.left[:] = [one for one in found.left if one.lexemes[0].start < clause[0].start]
        found.left += [Left(ask.phrase, CHOICE) for ask in chosen if ask.start < clause[0].start]
        found.left.append(Left(tuple(clause), CHOICE, opens=True))


def _is_of_either(before: Sequence[Ask], asks: Sequence[Ask], clause: Sequence[Lexeme]) -> bool:
    """Whether a clause may go on about the lamp before it, or name a view: `soft light, from the left`."""
    if len(before) != 1 or len(asks) != 1 or not isinstance(before[0].what, Lamp):
        return False
    aimed = "azimuth_deg" in before[0].what.fields or before[0].what.shadow is False
    bare = [one for one in clause if one.kind != "AND"]
    return not aimed and isinstance(asks[0].what, View) and len(bare) == 1 and "FROM" in bare[0].before


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


def _denial_in(clause: Sequence[Lexeme]) -> int:
    """Where what is not wanted begins after what is: `grey not white`, `to the right and not so hard`; 0 if nowhere."""
    for at in range(1, len(clause) - 1):
        beside = {clause[at - 1].kind, clause[at + 1].kind}
        if clause[at].kind == "NOT" and (beside <= SWATCHES or beside == {"SIDE"}):
            return at
        if clause[at].kind == "AND" and clause[at + 1].kind == "NOT":
            return at
    return 0


def _read_clause(clause: list[Lexeme], number: int, sentence: int, found: Found) -> None:
    if cut := _denial_in(clause):
        _read_clause(clause[:cut], number, sentence, found)
        clause = clause[cut:] if clause[cut].kind == "NOT" else clause[cut + 1 :]
    if _is_refused(clause, number, sentence, found):
        return
    last = found.asks[-1:]
    after_trim = bool(last) and last[0].sentence == sentence and is_trim([last[0].what])
    spans = spans_of(clause, number, sentence, after_trim=after_trim)
    inside: set[int] = set()
    free = set(range(len(clause))) - {at for span in spans for at in range(span.first, span.end)}
    for span in spans:
        changed = not span.reason and changed_by_neighbour(clause, span.first, span.end, span.asks, free)
        weak = is_weak(clause[span.first : span.end])
        if not (weak and beside_refused(clause, span, spans)) and not changed:
            inside |= set(range(span.first, span.end))
            found.asks += span.asks
            found.left += [Left(tuple(clause[span.first : span.end]), span.reason)] if span.reason else []
    if 1 in inside and leads_edit(clause, 0, spans):
        found.unwanted.append(Left((clause[0],)))
        inside.add(0)
    found.left += rest_of(clause, inside)


def _is_refused(clause: list[Lexeme], number: int, sentence: int, found: Found) -> bool:
    """Whether a clause states, chooses or denies something, and has been dealt with."""
    if clause[0].kind in STATING:
        found.left.append(Left(tuple(clause), STATING[clause[0].kind]))
        return True
    if any(lexeme.kind == "OR" for lexeme in clause) and len(clause) > 1:
        if clause[0].kind == "OR":
            _read_alternative(clause, number, sentence, found)
        found.left.append(Left(tuple(clause), CHOICE))
        return True
    if _read_exception(clause, number, sentence, found):
        return True
    if any(lexeme.kind == "NOT" for lexeme in clause) or len(without_denial(clause)) < len(clause):
        found.left.append(Left(tuple(clause), UNWANTED))
        if any(lexeme.value == "forget" for lexeme in clause):
            _forget(clause, found)
        return True
    return False


def _read_exception(clause: list[Lexeme], number: int, sentence: int, found: Found) -> bool:
    """Read an edit that leaves out views: `all 10% brighter except the back`. False where the clause is none."""
    at = next((at for at, one in enumerate(clause) if one.value in {"except", "all but"}), None)
    if at is None:
        return False
    end, views = at + 1, list[View]()
    for span in spans_of(clause[at + 1 :], number, sentence, after_trim=False):
        named = [ask.what for ask in span.asks if isinstance(ask.what, View)]
        between = {one.kind for one in clause[end : at + 1 + span.first]}
        if not named or len(named) < len(span.asks) or not between <= {"AND"}:
            break
        views += named
        end = at + 1 + span.end
    rest = clause[:at] + clause[end:]
    read = Found()
    if rest:
        _read_clause(rest, number, sentence, read)
    elif clause[at].value == "except" and found.asks and found.asks[-1].sentence == sentence:
        read.asks = [ask for ask in found.asks if ask.clause == found.asks[-1].clause]
    if not views or read.left or not read.asks or not all(isinstance(ask.what, Edit) for ask in read.asks):
        return False
    found.unwanted.append(Left(tuple(clause[at:end])))
    found.asks[:] = [ask for ask in found.asks if all(ask is not one for one in read.asks)]
    for ask in read.asks:
        fields = ask.what.fields if isinstance(ask.what, Edit) else {}
        found.asks.append(replace(ask, what=Edit(fields, tuple(views))))
    return True


def _forget(clause: list[Lexeme], found: Found) -> None:
    """Take back what was asked for before: `scrap the front`."""
    spans = spans_of(without_denial(clause), 0, 0, after_trim=False)
    named = [ask.what for span in spans for ask in span.asks]
    gone = [ask for ask in found.asks if ask.what in named]
    found.replaced += gone
    found.asks[:] = [ask for ask in found.asks if all(ask is not each for each in gone)]
