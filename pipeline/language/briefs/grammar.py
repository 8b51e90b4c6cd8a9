"""A grammar of briefs in English, German and French; no model, no network.

What it does not know it refuses, with the nearest word that it knows. It guesses only a wrong letter, and says so.
"""

import re
from collections.abc import Sequence
from difflib import get_close_matches
from functools import lru_cache
from importlib.metadata import version
from typing import Literal

from pipeline.core.domain import Frozen
from pipeline.core.errors import BadInput, CatalogError
from pipeline.language.base import Pay
from pipeline.language.briefs.asides import asides_in, without_asides
from pipeline.language.briefs.base import SPOKEN, LeftUsd, checked, unlimited
from pipeline.language.briefs.clauses import read_clauses
from pipeline.language.briefs.compose import compose
from pipeline.language.briefs.fold import fold
from pipeline.language.briefs.letters import joined_lines, listed, without_frame
from pipeline.language.briefs.lexeme import Lexeme
from pipeline.language.briefs.lexicon import UNKNOWN, Lexicon, lexicon, suggested
from pipeline.language.briefs.meaningful import meaningful
from pipeline.language.briefs.plan import EditPlan, Known, Language, Overlay, RefusedWish
from pipeline.language.briefs.readings import is_weak
from pipeline.language.briefs.settling import Found
from pipeline.language.briefs.spans import Left
from pipeline.language.briefs.spelling import in_a_dictionary, spellings
from pipeline.language.briefs.tokens import languages_of, read_tokens, share_known, unknown_in
from pipeline.language.briefs.validator import faults

KNOWN_AT_LEAST = 0.3  # of the brief's words; fewer are another language
SPELLED_AT_LEAST = 0.75  # of the words, once those with a wrong letter are read as others
DIRECTIONS = frozenset({"SIDE", "UP", "DOWN", "LEVEL", "OBLIQUE", "PROFILE", "THREEQ", "TURN", "AZIMUTH"})
SETS_NOTHING = "read as talk that sets nothing"
REPLACED = "taken back by what follows"
SHOWN = 5  # refused texts that an error quotes


class Params(Frozen):
    """The grammar has no settings."""

    engine: Literal["grammar"] = "grammar"


def require_here(params: Params) -> str:  # noqa: ARG001 - every engine takes its params
    """What would run on this machine."""
    return f"lark {version('lark')}"


def read(  # the grammar has no settings and costs nothing
    text: str,
    known: Known,
    params: Params,  # noqa: ARG001
    pay: Pay,  # noqa: ARG001
    left_usd: LeftUsd = unlimited,  # noqa: ARG001
) -> EditPlan:
    """The plan of a brief. Raises BadInput when nothing of it is understood."""
    text = checked(text)
    words = lexicon().with_names(known)
    body = _body(text, words)
    meant = spellings(unknown_in(body, words), words)
    spelled = words.with_spellings(meant)
    _require_language(body, words, spelled)
    words = spelled
    tokens = _tokens(body, words)
    found = _of(tokens)
    _require_understood(body, found, words)
    made = compose(text, sorted(found.asks, key=lambda ask: ask.start), known)
    language = _language(body, words)
    left = [
        (one.start, RefusedWish(text=one.of(text), reason=_reason(one, text, words, language))) for one in found.left
    ]
    plan = EditPlan(
        text=text,
        language=language,
        parser=f"grammar, lark {version('lark')}",
        wishes=tuple(wish for _, wish in sorted(made.wishes, key=lambda pair: pair[0])),
        shoot=made.overlay,
        refused=tuple(refused for _, refused in sorted([*made.refused, *left], key=lambda pair: pair[0])),
        notes=_notes(body, meant, made.overlay, found, asides_in(body, tokens)),
    )
    if wrong := faults(plan, known):
        raise CatalogError(f"the grammar made a plan that is not valid: {'; '.join(wrong)}", remedy="Report this brief")
    return plan


def _body(text: str, words: Lexicon) -> str:
    """The brief without the frame of an e-mail."""
    return joined_lines(without_frame(listed(text), lambda line, strongly: _asks(_tokens(line, words), strongly)))


def _notes(body: str, meant: dict[str, str], overlay: Overlay, found: Found, asides: Sequence[str]) -> tuple[str, ...]:
    """Sentences on what was read otherwise than written, and on what a brief cannot say."""
    quoted = [one.of(body) for one in found.left]
    asides = [*(one.of(body) for one in found.unwanted), *asides]
    asides = [aside for aside in asides if not any(aside in words for words in quoted)]
    written = [word for word in dict.fromkeys(re.findall(r"[^\W\d_]+", body)) if fold(word) in meant]
    notes = [f"{word!r} is read as {meant[fold(word)]!r}" for word in written]
    if asides:
        notes.append(f"{SETS_NOTHING}: {', '.join(map(repr, asides))}")
    if found.replaced:
        notes.append(f"{REPLACED}: {', '.join(repr(body[one.start : one.end]) for one in found.replaced)}")
    angles, backdrops = len(overlay.angles), len(overlay.backdrops)
    if angles > 1 and backdrops > 1:
        pairs = f"each of the {angles} angles is made on each of the {backdrops} backdrops"
        notes.append(f"{pairs}; write one brief for each pair that is wanted alone")
    without_angle = overlay.edits and not overlay.angles
    if without_angle and any(lexeme.kind in DIRECTIONS for one in found.left for lexeme in one.lexemes):
        notes.append("no angle of the brief was understood, so its edits apply to all angles of the shoot")
    return tuple(notes)


def _tokens(text: str, words: Lexicon) -> list[Lexeme]:
    return without_asides(text, read_tokens(text, words), _asks)


def _asks(tokens: Sequence[Lexeme], strongly: bool) -> bool:
    return _do_ask(tuple(tokens), strongly)


@lru_cache(maxsize=4096)
def _do_ask(tokens: tuple[Lexeme, ...], strongly: bool) -> bool:
    kept = meaningful(list(tokens))
    asks = read_clauses(kept).asks
    return any(not (strongly and is_weak([one for one in kept if ask.start <= one.start < ask.end])) for ask in asks)


def _of(tokens: Sequence[Lexeme]) -> Found:
    return read_clauses(meaningful(list(tokens)))


def _language(text: str, words: Lexicon) -> Language:
    """The language that most of the brief's words belong to; English when none decides."""
    counts = languages_of(text, words)
    languages: Sequence[Language] = ("en", "de", "fr")
    return max(languages, key=lambda language: counts.get(language, 0))


def _require_language(text: str, words: Lexicon, spelled: Lexicon) -> None:
    if share_known(text, words) < KNOWN_AT_LEAST and share_known(text, spelled) < SPELLED_AT_LEAST:
        raise BadInput(
            f"the brief is in no language that is read here: {_shortened(text)!r}",
            remedy=f"Write it in {SPOKEN} words; docs/briefs.md lists them",
        )


def _require_understood(text: str, found: Found, words: Lexicon) -> None:
    if found.asks or any(one.reason for one in found.left):
        return
    language = _language(text, words)
    reasons = [f"{one.of(text)!r}: {_reason(one, text, words, language)}" for one in found.left[:SHOWN]]
    raise BadInput(
        f"nothing in the brief asks for a picture: {'; '.join(reasons) or repr(_shortened(text))}",
        remedy="Say what to show, such as `45° left, on light marble, crop 4:5`; docs/briefs.md lists the words",
    )


def _shortened(text: str) -> str:
    return text if len(text) <= 80 else text[:77] + "..."


def _reason(left: Left, text: str, words: Lexicon, language: Language) -> str:
    """Why words are refused: the nearest word that is known, or that they are not known at all."""
    if left.reason:
        return left.reason
    if any(lexeme.kind == "CHANNELS" for lexeme in left.lexemes):
        return f"names no channel; the channels are {', '.join(words.channel_names)}"
    unknown = [text[one.start : one.end] for one in left.lexemes if one.kind == UNKNOWN]
    known = suggested(language) | {fold(name): name for name in words.channel_names}
    for word in unknown:
        near = [] if in_a_dictionary(word) else get_close_matches(fold(word), known, n=1, cutoff=0.75)
        if near:
            return f"{word!r} is not known; the nearest word is {known[near[0]]!r}"
    if unknown:
        verb = "is" if len(set(unknown)) == 1 else "are"
        return f"{', '.join(map(repr, dict.fromkeys(unknown)))} {verb} not among the words of a brief"
    return "these words make no wish by themselves"
