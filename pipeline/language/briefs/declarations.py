"""Clauses about no picture: what somebody says, asks or answers for, and what the reader shall do besides."""

from itertools import pairwise

from pipeline.language.briefs.conjugation import infinitives
from pipeline.language.briefs.cues import cue
from pipeline.language.briefs.lexicon import COURTESY, TALK, UNKNOWN
from pipeline.language.briefs.plan import LANGUAGES
from pipeline.language.briefs.utterance import Spans, Utterance

WISHING, HAVING, OBLIGING, VERBS = cue("wishing"), cue("having"), cue("obliging"), cue("verbs")
ASKING, CONTACTING, BESIDE, APOLOGISING = cue("asking"), cue("contacting"), cue("beside") - {"a"}, cue("apologising")
SPEAKERS, SUBJECTS, NOBODY, DETERMINERS = cue("speakers"), cue("subjects"), cue("nobody"), cue("determiners")
INFINITIVES, FORETELLING = cue("infinitives"), frozenset({"will", "wird", "werden", "va", "vont"})
OPENERS, TOO, WHETHER, LOOKING = cue("openers"), cue("too"), cue("whether"), cue("looking")
TOPICS = frozenset({"BACKDROP", "LIGHT", "SHADOW"})
REQUESTED = frozenset({"REMOVE", "ADD", "CHANGE", "EXTEND", "NO", "LIMIT", "OR", "CROP", "ROTATE"})
WOULD = frozenset({"would", "wurde", "ware", "waren", "wurden", "serait", "donnerait", "ferait", "irait"})
DONE = frozenset({"CROP", "ROTATE", "CHANGE", "EXTEND"})
ABOUT = frozenset({"people", "time", "use"})
PERSONS, ASKERS, YOU = cue("persons"), cue("askers"), frozenset({"you", "du", "ihr", "vous", "tu", "i", "ich", "je"})
IMPERATIVES, FOR = cue("imperatives"), cue("for")
ARTICLES = frozenset({"a", "an", "ein", "eine", "einen", "un", "une"})
NAMED = frozenset({"PRODUCT", "VIEW", "PART", UNKNOWN, TALK})
SHADES, IS = frozenset({"MATERIAL", "COLOUR"}), cue("is")
PRONOUNS = cue("pronouns") - {"la", "le", "les", "die"} | {"en", "sie"}
FILLING = frozenset({"so", "too", "all", "both", "for", "this", "now", "auch", "alle", "aussi", "tous", "toutes"})
SOMEBODY, PAST = frozenset({"someone", "somebody", "jemand", "quelqu'un"}), cue("was")
NEAR = frozenset({"it", "daneben", "davor", "dahinter", "darin", "drumherum", "elle"}) | (
    BESIDE - {"with", "mit", "avec"}
)
STANDING = frozenset(
    {"stands", "sits", "lies", "rests", "hangs", "floats", "steht", "sitzt", "liegt", "schwebt", "repose"}
)
AMOUNTED = frozenset({"PERSPECTIVE", "CONTRAST", "BRIGHTNESS"})
TO = frozenset({"to", "zu", "a"})
OWNING = frozenset((verb, "a") for verb in ("got", "have", "has", "had", "having", "ve"))


def declares(heard: Utterance, first: int, end: int) -> bool:
    """Whether a clause states or asks something about no picture, or asks the reader for something else.

    `we're two days from launch`, `the pictures look dull`, `when will you be done?`, `call me`.
    """
    start = _opening(heard, first, end)
    was = {"was", "were", "war", "waren", "etait", "etaient"} & set(heard.words[start:end])
    requested = heard.kinds(start, end) & (REQUESTED - DONE if was else REQUESTED)
    if heard.words[start : start + 1] and heard.words[start] in SPEAKERS:
        requested = requested - {"NO"}  # `we still have no hero`
    requested |= {"NOT"} if heard.kind(start) == "NOT" else set()
    if start + 1 >= end:
        return False
    opening, said, one = heard.words[start], heard.said(start, end), heard.tokens[start]
    chosen = opening in SPEAKERS and heard.kinds(start, end) & SHADES and not said & IS  # `on prend du chêne`
    excused = next(iter(opening.split()), "") in APOLOGISING  # `sorry for the late change`
    requested -= {"CHANGE"} if excused else set()
    if chosen or requested or heard.asks(start, end) or _paints_scene(heard, start, end):
        return False
    if opening in ASKING | NOBODY or excused or said & TOO or _contacts(heard, start, end):
        return True
    if _needs_it(heard, start, end):
        return True
    noun = next((at for at in range(start, end) if heard.words[at] not in DETERMINERS), start)
    if _wishes(heard, first, end, but=FORETELLING if heard.kind(noun) in {UNKNOWN, TALK} else frozenset()):
        return False
    speaks = opening in SPEAKERS | SUBJECTS and (one.kind != "ON" or _is_french(heard, start, end))
    speaks = speaks or (heard.kind(noun) == TALK and heard.tokens[noun].value in ABOUT and noun + 1 < end)
    return speaks or (_has_verb(heard, start, end) and (opening in DETERMINERS | VERBS or one.kind in NAMED | AMOUNTED))


def _needs_it(heard: Utterance, start: int, end: int) -> bool:
    """Whether somebody or something is said to want what has been asked for: `our 3D viewer needs them`."""
    words = [word.rpartition("'")[2] for word in heard.words[start:end]]
    somebody = words[0] in DETERMINERS or heard.kind(start) in {UNKNOWN, TALK, "CHANNEL"}
    wants = [at for at, word in enumerate(words) if at and word in WISHING | OBLIGING]
    rest = set(words[wants[-1] + 1 :]) if wants else set()
    before = set(words[max(1, wants[0] - 2) : wants[0]]) & PRONOUNS if wants else set()  # `le site en a besoin`
    wanted = rest - FILLING
    return somebody and bool(wants) and bool(wanted or before) and wanted <= PRONOUNS


def _paints_scene(heard: Utterance, start: int, end: int) -> bool:
    """Whether a clause describes what a picture may show: `a cat sits next to it`, `the mug stands on some books`."""
    opening, said = heard.words[start], heard.said(start + 1, end)
    noun = next((at for at in range(start, end) if heard.words[at] not in DETERMINERS), start)
    somebody = heard.kind(noun) == TALK and heard.tokens[noun].value in ABOUT
    if somebody or opening in VERBS or said & (TOO | PAST):
        return False
    indefinite = opening in ARTICLES | SOMEBODY or heard.kind(start) == UNKNOWN
    at_product = heard.kinds(start + 1, end) & {"PRODUCT", "BACKDROP"} or said & NEAR
    resting = said & STANDING and heard.kind(noun) == "PRODUCT" and "ON" in heard.kinds(start, end)
    return bool(indefinite and at_product) or bool(resting and UNKNOWN in heard.kinds(noun + 1, end))


def _opening(heard: Utterance, first: int, end: int) -> int:
    """Where the clause begins, without adverbs and the like: `honestly`, `so`."""
    begins = SPEAKERS | SUBJECTS | NOBODY | DETERMINERS | VERBS | ASKING | CONTACTING | APOLOGISING
    at = first
    while at < end and heard.words[at] not in begins | IMPERATIVES | FOR and heard.kind(at) in {COURTESY, "AND", "ON"}:
        at += 1
    while at < end and heard.words[at] in OPENERS and heard.words[at] not in DETERMINERS:
        at += 1
    return end if heard.words[at : at + 1] and heard.words[at] in IMPERATIVES | FOR else at  # `take it down by 10%`


def questions(heard: Utterance) -> Spans:
    """What people ask: `buyers keep asking what it looks like from behind`, `Kunden fragen, wie der Schal aussieht`."""
    for first, end in heard.clauses():
        asker = next((at for at in range(first, end) if heard.words[at] in ASKERS), None)
        if asker is None or heard.said(first, asker) & YOU:
            continue
        at = asker + 1
        while at < end and heard.words[at] not in WHETHER and heard.kind(at) in {COURTESY, TALK, UNKNOWN}:
            at += 1
        if (
            at == end
            and heard.kind(end) == "COMMA"
            and heard.words[end + 1 : end + 2]
            and heard.words[end + 1] in WHETHER
        ):
            yield first, heard.bound(end + 1)
        elif at < end and heard.words[at] in WHETHER - {"about"}:
            yield first, end


def openings(heard: Utterance) -> Spans:
    """What is said before `and` and a wish: `we sell on Otto and need the scarf`."""
    for first, end in heard.clauses():
        for at in range(first + 1, end):
            if heard.kind(at) == "AND" and declares(heard, first, at) and heard.asks(at + 1, end):
                yield first, at
                break


def _is_french(heard: Utterance, first: int, end: int) -> bool:
    """Whether `on` is the French pronoun: `on verra mieux la semelle`."""
    french = any(one.languages == {"fr"} for one in heard.read[first + 1 : end])
    return french and heard.kind(first + 1) in {COURTESY, UNKNOWN} and heard.words[first + 1] not in DETERMINERS


def _wishes(heard: Utterance, first: int, end: int, *, but: frozenset[str] = frozenset()) -> bool:
    """Whether a clause says that something should be: `could I have`, `it has to`, `I'd like`; not `it looks like`.

    `but`: verbs that wish nothing there, such as `people will love it`.
    """
    words = [word.rpartition("'")[2] for word in heard.words[first:end]]
    if any(one in HAVING and other in TO and (one, other) not in OWNING for one, other in pairwise(words)):
        return True
    likened = any(one in LOOKING and other == "like" for one, other in pairwise(words))
    asked = any(one.startswith("ask") and other in WHETHER for one, other in pairwise(words))
    wishing = (
        WISHING
        - HAVING
        - {"picture"}
        - but
        - ({"like"} if likened else set())
        - ({"asked", "asking", "asks"} if asked else set())
    )
    return bool(set(words) & (wishing | OBLIGING))


def _contacts(heard: Utterance, start: int, end: int) -> bool:
    """Whether a clause asks for a call or a message: `call me when you can`, but not `send the bottle in blue`."""
    named = heard.kinds(start, end) & {"PRODUCT", "VIEW"} or heard.said(start, end) & BESIDE
    told = heard.said(start + 1, start + 3) & PERSONS or heard.kind(start + 1) == TALK
    return heard.words[start] in CONTACTING and bool(told) and not named


def _has_verb(heard: Utterance, first: int, end: int) -> bool:
    """Whether something is said of a subject; `the background is a beach` says what it shall be."""
    words = [word.rpartition("'")[2] for word in heard.words[first:end]]
    verb = next((at for at in range(len(words)) if _is_verb(heard, first, first + at)), None)
    if verb is None:
        plural = words[0] in {"les", "des", "ces", "nos", "vos", "ils", "elles"}
        return plural and any(word.endswith("ent") and not word.endswith("ment") for word in words[1:])
    thing = words[verb + 1 : verb + 2] and words[verb + 1] in ARTICLES
    return not (thing and heard.kinds(first, end) & TOPICS)


def says_of(heard: Utterance, at: int, end: int) -> bool:
    """Whether the word after a noun is a verb that says something of it: `rejected`, `keeps`, `lehnt`."""
    if at + 2 >= end:
        return False
    word = heard.words[at + 1]
    verb = heard.kind(at + 1) == UNKNOWN and word.endswith(("ed", "s", "t"))
    return word not in WISHING - HAVING and (verb or word in HAVING | {"a"} or _is_verb(heard, at, at + 1))


def _is_verb(heard: Utterance, first: int, at: int) -> bool:
    """Whether a word of a clause that begins at `first` is a verb of what the clause says: `hangs`, `sauft`, `it's`."""
    word = heard.words[at].rpartition("'")[2]
    if word in VERBS:
        return True
    of_object = {*heard.words[at + 1 : at + 2]} & DETERMINERS and word.endswith("ed")
    if of_object and heard.kind(at) == UNKNOWN and at > first:
        return True  # `rejected our pictures`
    if word == "s":
        return at > first and heard.kind(at - 1) in NAMED and heard.kind(at + 1) not in NAMED
    forms = {one for language in LANGUAGES for one in infinitives(word, language)}
    return at > first and heard.kind(at) in {UNKNOWN, TALK, COURTESY} and bool(INFINITIVES & {word, *forms})


def praises(heard: Utterance) -> Spans:
    """What a wish would do: `a wider scene would give the designers room`, `oak would suit the brand`."""
    for first, end in heard.clauses():
        would = next((at for at in range(first + 1, end) if heard.words[at] in WOULD), end)
        named = heard.kinds(would, end) & (REQUESTED | {"MAKE"}) or heard.said(would, end) & BESIDE
        if would + 1 < end and not named and heard.asks(first, would) and not heard.asks(would + 1, end):
            yield would, end
