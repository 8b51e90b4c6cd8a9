"""Which noun of a brief is the product, and which are things beside it."""

from collections.abc import Sequence
from dataclasses import replace

from pipeline.language.briefs.cues import cue
from pipeline.language.briefs.lexeme import SWATCHES, Lexeme
from pipeline.language.briefs.lexicon import COURTESY, NOUN, TALK, UNKNOWN

DEFINITE = cue("definite")
BESIDE, DETERMINERS = cue("beside"), cue("determiners")


def with_product(read: list[Lexeme]) -> list[Lexeme]:
    """The tokens, in which the first thing that shops sell is the product; others are unknown: `on a white plate`."""
    named = next((one.value for one in read if one.kind == "PRODUCT"), "")
    found = list(read)
    for at, lexeme in enumerate(read):
        if lexeme.kind == NOUN:
            named = named or (lexeme.value if _is_named(read, at) else "")
            known = lexeme.value == named and not _is_prop(read, at)
            found[at] = replace(lexeme, kind="PRODUCT", value="product") if known else replace(lexeme, kind=UNKNOWN)
    return found


def _is_named(read: Sequence[Lexeme], at: int) -> bool:
    """Whether a noun that comes first names the product: at the very beginning, or with a definite article."""
    verb = at + 1 < len(read) and read[at + 1].value in DEFINITE  # `mirror the picture`
    if _is_prop(read, at) or verb:
        return False
    before = [one for one in read[:at] if one.kind not in SWATCHES]
    opens = all(one.kind in {COURTESY, TALK, "STOP", "COMMA", "COLON", "VIEW", "FROM"} for one in before)
    begins = at > 0 and read[at - 1].kind in {"COMMA", "STOP", "COLON"}
    return opens or begins or before[-1].value in DEFINITE


def _is_prop(read: Sequence[Lexeme], at: int) -> bool:
    """Whether a noun stands beside the product: after `on`, `with` or `add`, an article and a colour."""
    while at and (read[at - 1].kind in SWATCHES or read[at - 1].value in DETERMINERS - BESIDE):
        at -= 1
    return bool(at) and (read[at - 1].kind in {"ON", "ADD", "NO", "AND"} or read[at - 1].value in BESIDE)
