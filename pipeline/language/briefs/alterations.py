"""Phrases that change the product itself, such as `remove the tag`, and those that replace a backdrop by another."""

from collections.abc import Sequence

from pipeline.language.briefs.lexeme import SWATCHES, Lexeme

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
    if "PART" in kinds and (
        first.kind in VERBS or "MAKE" in first.before or (kinds[0] == "PART" and clause[end - 1].made_until)
    ):
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
