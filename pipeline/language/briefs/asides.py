"""Finds what a brief says beside its wishes: reasons, audiences, dates, labels, and statements about the work.

Their words become TALK, which sets nothing. What is talk and what is a wish is decided by where words stand, not only
by which they are: `for the spring drop` and `because shadows look cheap` ask for nothing, whichever nouns they have.
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import replace

from pipeline.language.briefs.corrections import retractions
from pipeline.language.briefs.cues import cue
from pipeline.language.briefs.declarations import openings, praises, questions, says_of
from pipeline.language.briefs.facts import conditions, facts, opinions
from pipeline.language.briefs.headers import headings
from pipeline.language.briefs.idioms import appositions, idioms
from pipeline.language.briefs.lexeme import PICTURES as COUNTED
from pipeline.language.briefs.lexeme import Lexeme, kinds
from pipeline.language.briefs.lexicon import COURTESY, TALK, UNKNOWN
from pipeline.language.briefs.statements import buts, concessions, past, reasons, replaced, statements
from pipeline.language.briefs.topics import moved_lamps, topics
from pipeline.language.briefs.utterance import BOUNDS, HasAsk, Spans, Utterance

SHADES = frozenset({"COLOUR", "TONE", "MATERIAL"})
IN_LABELS = kinds("PRODUCT VIEW NUM FROM TO ON MAKE CORRECT CHANGE") | {UNKNOWN, COURTESY, TALK}
IN_PHRASES = frozenset({UNKNOWN, TALK, "MOOD", "PRODUCT"})
WANTED = frozenset({"MOODWORD", "CHANNEL", "LIGHT", "SHADOW", "BACKDROP"})
MEASURING = frozenset(["PCT", "DEG", "EV", "PX", "VIEW", "SIDE", "UP", "DOWN", "NUM", "RATIO", "SIZE"]) | {UNKNOWN}
FOR, OF, DETERMINERS, LOOKS, THIS = cue("for"), cue("of"), cue("determiners"), cue("looks"), cue("this")
SAYING = cue("people_said")
AS, DEFINITE = cue("as"), cue("definite")
DAYS, DEGREES = cue("days"), cue("degrees")
ARTICLES = frozenset({"a", "an", "ein", "eine", "un", "une"})
SHORTEST_ADVERB = 6  # letters
KEEPING = cue("keeping")
SEASONS = cue("seasons")
SHORTEST_REF = 3  # digits of an article's number
MOST_COUNTED = 12  # pictures of a list
PICTURES = frozenset({"picture", "image", "photo", "pic", "bild", "foto"})
BEFORE_NOUNS = frozenset({"ON", "ADD", "REMOVE", "NO", "AND", UNKNOWN, *SHADES})
CHANGED = SHADES | kinds(
    "HARD SOFT STRONG FAINT BRIGHTER DARKER BRIGHTNESS CONTRAST SHARPEN SIDE UP DOWN LIGHT SHADOW NUM CROP ROTATE PART"
)
AT = frozenset({"at", "um", "a", "around", "gegen", "vers", "ab", "von", "from"})
RATIOS = frozenset({"16:10", "1:10", "10:10"})
WORKS = frozenset({"drop", "catalog", "catalogue", "katalog", "shop", "boutique"})
"""What is named after a season, beside the uses of talk.yaml."""
CLOCK = frozenset({"uhr", "h"})


def without_asides(text: str, read: Sequence[Lexeme], has_ask: HasAsk) -> list[Lexeme]:
    """The tokens, those of asides as TALK. A reason that asks for something keeps its REASON, which refuses it."""
    heard = Utterance.of(text, read, has_ask)
    for rule in RULES:
        for first, end in rule(heard):
            heard.tokens[first:end] = [replace(one, kind=TALK, value="aside") for one in heard.tokens[first:end]]
    return [replace(one, kind=_kind(one, heard.kind(at + 1))) for at, one in enumerate(heard.tokens)]


def asides_in(text: str, tokens: Sequence[Lexeme]) -> list[str]:
    """The talk of a brief as it is written, each run of words once, for a note."""
    found: list[str] = []
    run: list[Lexeme] = []
    for one in [*tokens, None]:
        if one is not None and one.kind in {TALK, COURTESY}:
            run.append(one)
            continue
        said = [at for at, each in enumerate(run) if each.kind == TALK]
        if said:
            found.append(text[run[said[0]].start : run[said[-1]].end])
        run = []
    return list(dict.fromkeys(found))


def _kind(one: Lexeme, following: str) -> str:
    """`so that` before a wish is courtesy, and a noun directly before a colour belongs to it: `brand green`.

    `as is` beside a wish changes nothing, and is noted.
    """
    if one.kind == COURTESY and one.value in KEEPING:
        return TALK
    if one.kind == TALK and one.value in {"use", "people"} and following in SHADES:
        return UNKNOWN
    return COURTESY if one.kind == TALK and one.value == "so" else one.kind


def _named(heard: Utterance) -> Spans:
    """Seasons and channels that only name something: `spring drop`, `next autumn`, `collection d'été`, `web team`."""
    for at, one in enumerate(heard.tokens):
        after = heard.at(at + 1)
        talk = after.value if after and after.kind == TALK else ""
        named = (
            (one.kind == "CHANNEL" and talk == "people")
            or (one.kind == "MOOD" and (talk in {"use", "people"} or {*heard.words[at + 1 : at + 2]} & WORKS))
            or (one.kind == UNKNOWN and _is_name(heard, at))
            or (one.kind == "CHANNEL" and _is_likened(heard, at))
            or (heard.words[at] == "avant" and talk == "time")  # `avant vendredi` is no front view
        )
        if one.kind == "CHANNEL" and _is_subject(heard, at):
            yield at, heard.bound(at)
        elif named:
            yield at, at + 2
        elif one.kind == "MOOD" and (begins := _of_season(heard, at)) is not None:
            yield begins, at + 1


def _is_name(heard: Utterance, at: int) -> bool:
    """Whether a word that opens a clause is who wants something: `Alex wants the bag from the back`."""
    return heard.kind(at - 1) in BOUNDS and heard.words[at + 1 : at + 2] != [] and heard.words[at + 1] in SAYING


def _is_subject(heard: Utterance, at: int) -> bool:
    """Whether something is said of a channel: `Amazon rejected our pictures`, `Zalando hat sie abgelehnt`."""
    end = heard.bound(at)
    first = at - 1 if heard.words[at - 1 : at] and heard.words[at - 1] in DEFINITE else at
    quiet = heard.kinds(at + 1, end) <= {UNKNOWN, COURTESY, TALK, "PRODUCT", "VIEW", "ADD", "SLIGHTLY", "MUCH"}
    return heard.kind(first - 1) in BOUNDS and quiet and says_of(heard, at, end)


def _is_likened(heard: Utterance, at: int) -> bool:
    """Whether a channel is one that something is compared with: `same as the Shopify set`, `wie bei Zalando`."""
    first = at - 1
    while first >= 0 and (heard.words[first] in DEFINITE or heard.words[first] in OF or heard.kind(first) == "ON"):
        first -= 1
    shown = heard.words[at - 1] in ARTICLES and heard.kind(at + 1) in BOUNDS  # `as a TIFF`
    return 0 <= first < at - 1 and heard.words[first] in AS | {"like"} and not shown


def _of_season(heard: Utterance, at: int) -> int | None:
    """Where `next`, `Friday` or `collection d'` before a season or a time of day ends; None if it is a mood."""
    before = heard.at(at - 1)
    dated = bool(before) and heard.words[at - 1] in THIS | DAYS
    dated = dated or (before is not None and before.kind == TALK and before.value == "time")
    if dated and heard.kind(at + 1) not in {"MOODWORD", "MOOD"}:
        return at
    first = max((other + 1 for other in range(at) if heard.kind(other) in BOUNDS), default=0)
    used = any(one.kind == TALK and one.value == "use" for one in heard.tokens[first:at])
    if used and heard.words[at] in SEASONS and heard.words[at - 1] in {"in", "im", "en", "au", "for"}:
        return at - 1  # `we're relaunching in autumn`
    named = heard.at(at - 2)
    is_named = named is not None and ((named.kind, named.value) == (TALK, "use") or heard.words[at - 2] in WORKS)
    return at - 1 if is_named and heard.kind(at - 1) == "FROM" else None


def _labels(heard: Utterance) -> Spans:
    """What stands before a colon that a wish follows: `hero image: front`; or an article's name: `Article: hoodie`.

    Also what is counted before a wish: `Slot 1 front`.
    """
    for at, one in enumerate(heard.tokens):
        if one.kind == "NUM" and _is_count(heard, at):
            yield at - 1, at + 1
        if one.kind != "COLON":
            continue
        first = at
        while first and heard.kind(first - 1) in IN_LABELS:
            first -= 1
        end = heard.bound(at + 1)
        label = [each.kind for each in heard.tokens[first:at]]
        heads = end == at + 1 or heard.asks(at + 1, end) or heard.kind(at + 1) in {"NOT", "NO"}
        things = label[-2:] == ["NUM", COURTESY] and heard.words[at - 1] not in PICTURES | COUNTED  # `we need 3 things`
        if label == ["PRODUCT"] and not heads:
            yield first, end
        elif heads and heard.kind(first - 1) in BOUNDS and (things or _is_label(label)):
            yield first, at


def _is_count(heard: Utterance, at: int) -> bool:
    """Whether a number counts the pictures of a list: `Slot 1 front`, `picture 2 back`."""
    named = heard.kind(at - 1) in {UNKNOWN, TALK, "VIEW"} or (
        heard.words[at - 1 : at] and heard.words[at - 1] in PICTURES
    )
    counts = heard.words[at].isdigit() and heard.tokens[at].number <= MOST_COUNTED
    follows = heard.kind(at + 1) not in {"PCT", "DEG", "EV", "PX", "NUM", *BOUNDS}
    return bool(
        named and counts and follows and heard.kind(at - 2) in BOUNDS and heard.asks(at + 1, heard.bound(at + 1))
    )


def _is_label(kinds: list[str]) -> bool:
    """Whether words before a colon name what follows: `hero image`, `picture 2`."""
    return bool({UNKNOWN, TALK} & set(kinds)) or kinds in (["VIEW", "NUM"], [COURTESY, "NUM"])


def _audiences(heard: Utterance) -> Spans:
    """`for` and a noun that is no wish: `for our spring newsletter in Germany`, `für die Messe`, `pour la rentrée`."""
    for at, word in enumerate(heard.words):
        if word not in FOR or heard.kind(at) not in {COURTESY, TALK}:
            continue
        end = _noun_phrase(heard, at + 1)
        if end is None or heard.kind(end) in WANTED:
            continue
        while end < len(heard.words) and heard.words[end] in OF and (more := _noun_phrase(heard, end + 1)):
            end = more
        yield at, end


def _places(heard: Utterance) -> Spans:
    """Where people are: `our buyers in Tokyo`, `der Händler aus Wien`."""
    for at, one in enumerate(heard.tokens):
        people = one.kind == TALK and one.value == "people"
        if people and heard.words[at + 1 : at + 2] and heard.words[at + 1] in OF and heard.kind(at + 2) == UNKNOWN:
            yield at, at + 3


def _noun_phrase(heard: Utterance, at: int) -> int | None:
    """The end of a noun phrase about the work; None if none begins here.

    With an article any noun will do, and without one only a word that is known as talk: `for Etsy` may be a channel.
    """
    words = heard.words
    first = next((other for other in range(at, len(words)) if words[other] not in DETERMINERS), len(words))
    end = first
    while heard.kind(end) in IN_PHRASES and words[end] not in LOOKS:
        end += 1
    kinds = heard.kinds(first, end)
    named = TALK in kinds or (UNKNOWN in kinds and first > at)
    return end if named and not LOOKS & set(words[end : end + 1]) else None


def _dates(heard: Utterance) -> Spans:
    """Numbers of dates, times and orders: `Friday the 12th`, `15 Uhr`, `ref. 4471`."""
    for at, one in enumerate(heard.tokens):
        if one.kind != "NUM":
            continue
        after = heard.at(at + 1)
        if after and ((after.kind == TALK and after.value == "time") or heard.words[at + 1] in CLOCK):
            yield at, at + 2
        elif (
            heard.kind(at - 1) in {TALK, "PRODUCT"}
            and len(heard.words[at]) >= SHORTEST_REF
            and (heard.kind(at + 1) not in MEASURING - {UNKNOWN})
        ):
            yield at, at + 1  # `article 4471`
        elif heard.kind(at - 1) == TALK and heard.kind(at + 1) not in MEASURING:
            yield at, at + 1


def _clocks(heard: Utterance) -> Spans:
    """Times of day that look like ratios: `by 4:30`, `at 10:15`, but `at 16:9`."""
    for at, one in enumerate(heard.tokens):
        minutes = one.kind == "RATIO" and re.fullmatch(r"\d{1,2}:[0-5][05]", one.value)
        if minutes and one.value not in RATIOS and heard.words[at - 1 : at] and heard.words[at - 1] in DAYS | AT:
            yield at, at + 1


def _adverbs(heard: Utterance) -> Spans:
    """`ideally`, `éventuellement`, `netterweise`: unless they stand beside what they may change, or are nouns."""
    for at, one in enumerate(heard.tokens):
        word = heard.words[at]
        adverb = one.kind == UNKNOWN and len(word) >= SHORTEST_ADVERB and word.endswith(("ly", "ment", "weise"))
        noun = heard.words[at - 1 : at] and (heard.words[at - 1] in DETERMINERS or heard.kind(at - 1) in BEFORE_NOUNS)
        if adverb and word not in DEGREES and not noun and not {heard.kind(at - 1), heard.kind(at + 1)} & CHANGED:
            yield at, at + 1


RULES: tuple[Callable[[Utterance], Spans], ...] = (
    headings, appositions, retractions, buts, idioms, conditions, _named, concessions, replaced, _labels, past,
    _audiences, _places, _clocks, questions, openings, reasons, _dates, _adverbs, moved_lamps,
    statements, praises, facts, opinions, topics,
)  # fmt: skip
