"""Clauses of a brief that state something instead of asking for it: reasons, complaints, what was, and what is left."""

from dataclasses import replace
from itertools import pairwise

from pipeline.language.briefs.cues import cue
from pipeline.language.briefs.declarations import TOPICS, declares
from pipeline.language.briefs.lexeme import kinds
from pipeline.language.briefs.lexicon import COURTESY, TALK, UNKNOWN
from pipeline.language.briefs.utterance import BOUNDS, Spans, Utterance

AMOUNTS = frozenset({"NUM", "RATIO", "SIZE"})
THINGS = kinds(
    "TONE COLOUR MATERIAL PLACE SIDE UP BACKDROP RATIO HEX OWN_BACKDROP OWN_ANGLE SQUARE MOOD CHANNEL THREEQ "
    "LEVEL GRADIENT SHADOW LIGHT SOFT HARD STRONG FAINT SIZE"
)
QUALIFIED = frozenset({"HARD", "SOFT", "STRONG", "FAINT", "TONE", "BRIGHTER", "DARKER", "MUCH"})
DEGREES = frozenset({"SLIGHTLY", "MUCH"})
STATED = frozenset(
    ["LIGHT", "SHADOW", "CONTRAST", "BRIGHTNESS", "SHARPEN", "BACKDROP", "PRODUCT", "VIEW", "SIDE", "UP"]
)
WISHING, WAS, TOO = cue("wishing"), cue("was"), cue("too")
ONLY_FIRST = cue("only_first")
SUBJUNCTIVE = cue("subjunctive")
OPENERS, SPEAKERS, RESTS = cue("openers"), cue("speakers"), tuple(sorted(cue("rests")))
OVER, PREFERRING = cue("over_another"), cue("preferring")
SWITCHING = cue("switching")
WHICH = cue("which")
OPINIONS, PAST_TIMES = cue("opinions"), cue("past_times")
TOO_MUCH = frozenset({("too", "much"), ("too", "strong"), ("zu", "viel"), ("trop", "de"), ("trop", "d")})
HAD = frozenset({"hatte", "hatten", "have", "had"})  # `wir hatten`, and folded also `wir h\u00e4tten`
ALREADY, HAVING, KEEPING, KEEPING_ELSE, SAID = (
    cue("already"),
    cue("having"),
    cue("keeping"),
    cue("keeping_else"),
    cue("said"),
)
FINE = cue("fine")
LEAVING, UNTOUCHED = cue("leaving"), frozenset({"nothing", "nichts", "rien", "nix"})
BETTER = frozenset({"better", "nicer", "besser", "schoner", "mieux", "meilleur", "meilleure"})
QUIET = frozenset({UNKNOWN, COURTESY, TALK})
LEFT = TOPICS | {"CONTRAST", "BRIGHTNESS", COURTESY, TALK}
LIKING, NOW, GOES_ON = cue("liking"), cue("now"), cue("goes_on")
VIEWS = frozenset({"SIDE", "UP", "DOWN", "THREEQ", "OWN_ANGLE"})
EDITED = frozenset({"BRIGHTER", "DARKER", "CONTRAST", "SHARPEN", "CROP", "ROTATE", "COLOUR", "MATERIAL", "MOOD"})
BUT, IS, INSTEAD, RATHER, THAN = cue("but"), cue("is"), cue("instead"), cue("rather"), cue("than")


def reasons(heard: Utterance) -> Spans:
    """Reasons and purposes, up to the next comma. One that asks for something is a wish, or after `because` refused."""
    for at, one in enumerate(heard.tokens):
        if one.kind != TALK or one.value not in {"because", "so"}:
            continue
        reason = one.value == "because"
        end = heard.bound(at + 1)
        joints = [other for other in range(at + 1, end) if heard.kind(other) == "AND"]
        stop = next((stop for stop in [end, *joints] if not heard.asks(at + 1, stop, strongly=reason)), None)
        if heard.words[at] in ONLY_FIRST and heard.kind(at - 1) not in BOUNDS:
            heard.tokens[at] = replace(one, kind=COURTESY)
        elif stop is not None:
            yield at, stop
        else:
            heard.tokens[at] = replace(one, kind="REASON" if reason else COURTESY)


def concessions(heard: Utterance) -> Spans:
    """What is said of something that there is, before `but` and a wish: `the marble is lovely but try walnut`."""
    for (opening, but), (other, _) in pairwise(heard.clauses()):
        if not heard.said(but, other) & BUT:
            continue
        first = max((at + 1 for at in range(opening, but) if heard.kind(at) == "COLON"), default=opening)
        said = heard.said(first, but)
        approved = heard.kinds(first, but) & VIEWS and said & FINE  # `the front is fine on white, but ...`
        liked = said & OPINIONS or (said & IS and (approved or not heard.asks(first, but, strongly=True)))
        if liked and not said & WISHING and heard.asks(other, len(heard.tokens)):
            yield first, but


def buts(heard: Utterance) -> Spans:
    """None: `but` begins a clause; with `rather` and the like in it, that takes back what stands before."""
    for at, one in enumerate(heard.tokens):
        lit = heard.kinds(max(0, at - 6), at) & {"LIGHT", "SHADOW"}
        if heard.words[at] == "zwar" and heard.kind(at - 1) == "AND" and lit:  # `einen Schatten, und zwar nach links`
            for joint in {at - 1, at - 2 if heard.kind(at - 2) == "COMMA" else at - 1}:
                heard.tokens[joint] = replace(heard.tokens[joint], kind=COURTESY)
        if heard.words[at] not in BUT or one.kind != COURTESY:
            continue
        first = next((other + 1 for other in range(at - 1, -1, -1) if heard.kind(other) in BOUNDS), 0)
        if heard.words[at] != "aber" or heard.said(first, at) & IS:
            heard.tokens[at] = replace(one, kind="COMMA")
        if at > first and heard.said(at, heard.bound(at + 1)) & (RATHER | PREFERRING) and heard.asks(0, at):
            heard.tokens[at] = replace(one, kind="RETRACT", value="maybe")
    yield from ()


def replaced(heard: Utterance) -> Spans:
    """What is not wanted beside what is: `oak instead of marble`, `plutôt du chêne que du marbre`."""
    for first, end in heard.clauses():
        preferring = bool({*heard.phrase(first, end).split()} & (RATHER | BETTER))
        for at in range(first, end):
            word = heard.words[at]
            over = word in OVER and heard.kind(at - 1) in THINGS and heard.said(first, at) & PREFERRING
            if word in INSTEAD or (preferring and word in THAN and at > first) or over:
                stop = _thing(heard, at + 1, end)
                if stop is not None and (stop < end or at > first):
                    yield at, stop
                break
            stop = _left_behind(heard, first, at, end)
            if stop is not None:
                yield at, stop
                break


def _left_behind(heard: Utterance, first: int, at: int, end: int) -> int | None:
    """The end of what is left behind in `go from oak to marble`; None where nothing is, as in a gradient."""
    before = heard.kinds(first, at)
    if (
        heard.kind(at) != "FROM"
        or heard.kind(at - 1) == "ON"
        or "GRADIENT" in before
        or ("BACKDROP" in before and "CHANGE" not in before)
    ):
        return None  # a backdrop that goes from white to blue is a gradient
    stop = _thing(heard, at + 1, end)
    if stop is None or not (heard.kind(stop) == "TO" or heard.words[stop : stop + 1] in (["zu"], ["au"])):
        return None
    replaced = heard.said(first, at) & SWITCHING or "MATERIAL" in heard.kinds(at, stop)
    return stop if replaced and _thing(heard, stop + 1, end) else None


def _thing(heard: Utterance, at: int, end: int) -> int | None:
    """The end of a preposition, an article and a known thing such as `on the light marble`; None if there is none."""
    first = at
    while first < end and heard.kind(first) in {COURTESY, "ON", "FROM", "TO"}:
        first += 1
    last = first
    while last < end and heard.kind(last) in THINGS:
        last += 1
    return last if last > first else None


def past(heard: Utterance) -> Spans:
    """Clauses on what was: `we had it on white last time`, `the last ones were on marble`, `wir hatten schon Eiche`."""
    for first, end in heard.clauses():
        said = heard.said(first, end)
        dated = any(f" {phrase} " in f" {heard.phrase(first, end)} " for phrase in PAST_TIMES)
        dated = dated or bool(said & HAVING and said & ALREADY) or _is_said_before(heard, first, end)
        now = any(f" {phrase} " in f" {heard.phrase(first, end)} " for phrase in NOW) and said & (IS | GOES_ON)
        dated = dated or bool(now)
        was = (said & WAS or dated) and not said & ((WISHING - WAS - HAD) | SUBJUNCTIVE)
        denied = dated and "NOT" in heard.kinds(first, end) and not heard.kinds(first, end) & (THINGS - {"TONE"})
        if (was and (dated or (not said & (HAD - WAS) and _shows(heard, first, end)))) or denied:
            yield first, end


def _shows(heard: Utterance, first: int, end: int) -> bool:
    """Whether a clause asks for something, or names what a backdrop is of: `marble was vetoed`."""
    return heard.asks(first, end) or bool(heard.kinds(first, end) & {"MATERIAL", "COLOUR"})


def _is_said_before(heard: Utterance, first: int, end: int) -> bool:
    """Whether somebody has asked for it before, which `but` follows: `I said teak, but bamboo it is`."""
    but = heard.said(end, end + 2) & BUT
    return bool(but and heard.said(first, end) & SAID and heard.said(first, end) & SPEAKERS)


def statements(heard: Utterance) -> Spans:
    """Clauses in which somebody says something and wishes for nothing: `our buyers adore that look`."""
    for first, end in heard.clauses():
        if any(
            rule(heard, first, end)
            for rule in (_adds_it, _dislikes, _complains, _is_described, _leaves_the_rest, _keeps, declares)
        ):
            yield first, end


def _complains(heard: Utterance, first: int, end: int) -> bool:
    """Whether something is said to be too much, or a bit: `the shadows are too harsh`, `the light is a bit hard`."""
    amounts = {one.kind for one in heard.tokens[first:end] if one.value != "1.0"} & {"NOT", *AMOUNTS}
    too_much = TOO_MUCH & set(pairwise(heard.words[first:end]))
    if amounts or (not too_much and heard.asks(first, end, strongly=True) and not heard.said(first, end) & IS):
        return False
    if too_much and not heard.said(first, end) & WISHING:
        return True  # `too much contrast`
    says = _says(heard, first, end)
    for at in range(first, end - 1):
        quality = heard.kind(at + 1) in QUALIFIED | {UNKNOWN}
        if heard.words[at] in TOO and quality:
            return True
        comparing = heard.words[at + 1].endswith("er") or heard.kind(at + 1) in {"BRIGHTER", "DARKER"}
        if says and quality and heard.kind(at) in DEGREES and not comparing:
            return True
    return False


def _dislikes(heard: Utterance, first: int, end: int) -> bool:
    """Whether something of the light is said to be disliked: `I don't like the shadow`. A change may refer to it."""
    said = heard.said(first, end)
    denied = "NOT" in heard.kinds(first, end) and said & LIKING and not said & {"would", "d"}
    return bool(denied and heard.kinds(first, end) & TOPICS and not heard.asks(first, end, strongly=True))


def _says(heard: Utterance, first: int, end: int) -> bool:
    """Whether something is said of what there is, and not of what is wanted, as in `a shadow that is soft`."""
    relative = heard.words[first] in WHICH or heard.words[end - 1] in IS
    said = heard.said(first, end)
    return bool(said & IS) and not said & WISHING and not relative


def _is_described(heard: Utterance, first: int, end: int) -> bool:
    """Whether something that there is, is said to be somehow, and nothing asked: `the shadow is fine`."""
    kinds = heard.kinds(first, end)
    amount = kinds & {"CONTRAST", "BRIGHTNESS", "SHARPEN"}
    described = kinds & {"LIGHT", "SHADOW", *amount} and kinds <= STATED | QUALIFIED | {"SLIGHTLY", COURTESY, TALK}
    return bool(described and _says(heard, first, end) and (amount or not heard.asks(first, end, strongly=True)))


def _adds_it(heard: Utterance, first: int, end: int) -> bool:
    """Whether what was asked for before shall be added, in a clause of its own: `Could you add one?`."""
    kinds = {one.kind for one in heard.tokens[first:end] if one.value != "1.0"}
    return "ADD" in kinds and kinds <= {"ADD", COURTESY, TALK} and heard.asks(0, first)


def _keeps(heard: Utterance, first: int, end: int) -> bool:
    """Whether a view, or what has no value here, shall stay as it is: `the back can stay as it is`, `same height`."""
    kinds = heard.kinds(first, end)
    named = kinds & {*VIEWS, *TOPICS, "PRODUCT", "VIEW", UNKNOWN} and not kinds & {*AMOUNTS, "NOT", "REMOVE", "ADD"}
    text = f" {heard.phrase(first, end)} "
    stays = any(f" {phrase} " in text for phrase in KEEPING)
    said = heard.said(first, end)
    if said & LEAVING and kinds <= LEFT and not heard.asks(first, end):
        return bool(kinds - {COURTESY, TALK})  # `keep the shadow`
    if said & UNTOUCHED and kinds & {"CHANGE", "REMOVE"} and kinds <= {"CHANGE", "REMOVE", "PRODUCT", *QUIET}:
        return True  # `nothing about the mug shall change`
    else_ = any(f" {phrase} " in text for phrase in KEEPING_ELSE) and not heard.asks(first, end)
    return bool(named and ((stays and not kinds & {*EDITED, "COLON"}) or else_))


def _leaves_the_rest(heard: Utterance, first: int, end: int) -> bool:
    """Whether all else shall stay as it is: `nothing else needs changing`."""
    begins = heard.phrase(first, end).startswith(RESTS)
    return begins and not heard.kinds(first, end) & AMOUNTS and not heard.asks(first, end, strongly=True)
