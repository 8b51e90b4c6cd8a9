"""Splits a brief into the tokens of the grammar: numbers, units, sizes and the words of the lexicon.

Words that change nothing are left out; the token after them keeps them in `before`, with the kinds of prepositions,
because `on white` and `the mug white` differ in nothing else.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace

from pipeline.language.briefs.fold import fold
from pipeline.language.briefs.lexicon import COURTESY, UNKNOWN, Lexicon, Meaning
from pipeline.language.briefs.plan import Language
from pipeline.language.briefs.scan import SCAN, symbol

LEFT_OUT = frozenset({"ON", "TO", "FROM", "PRODUCT", "MAKE", "VIEW", COURTESY})
SWATCHES = frozenset({"COLOUR", "TONE", "MATERIAL", "PLACE", "HEX"})
FEW = 3
UPWARDS = frozenset({"up", "hoch"})
PICTURES = frozenset({"pictures", "images", "photos", "photographs", "bilder", "fotos", "photographies"})
ARTICLES = frozenset({"a", "an", "one", "ein", "eine", "einen", "einem", "einer", "un", "une"})
GOES_ON = frozenset({"be", "is", "are", "was", "were", "come", "comes", "coming", "came", "fall", "falls", "fell"})
GOES_ON |= {"sein", "ist", "wäre", "kommen", "kommt", "kommend", "kam", "käme", "fallen", "fällt"}
GOES_ON |= {"soit", "est", "vienne", "vient", "viendrait", "venant", "tombe"}
"""Verbs that go on about the same lamp: `a shadow that is soft and falls to the right`."""
QUALITIES = frozenset({"SOFT", "HARD", "STRONG", "FAINT"})
OF_LAMP = QUALITIES | {COURTESY, "FROM", "TO", "ON", "SIDE", "UP", "NUM", "DEG", "AND"}
ENDS = frozenset({"COMMA", "STOP", "AND"})
MEASURES = frozenset({"EV", "PX", "DEG", "PCT"})
UNITS = frozenset({"EV", "PX"})
LABELS = frozenset({"LIGHT", "SHADOW"})
COMPOUND = SWATCHES | {"MOOD", "MOODWORD", "BACKDROP", "LIGHT", "SHADOW", "SOFT", "HARD", "GRADIENT"}


@dataclass(frozen=True)
class Lexeme:
    """One token: its kind in the grammar, its value, and where it stands in the text.

    `before`: the folded words left out directly before it, and the kinds of those that are prepositions and the like.
    `made_at`: where the `make` among them stands. `since`, `until`: where the words left out before it begin, and where
    those after it end. `viewed`: directly after it comes `view` or a word like it.
    """

    kind: str
    value: str
    start: int
    end: int
    languages: frozenset[Language] = frozenset()
    before: tuple[str, ...] = ()
    made_at: int | None = None
    since: int | None = None
    until: int | None = None
    viewed: bool = False

    @property
    def number(self) -> float:
        """The value of a NUM."""
        return float(self.value)


def tokens_of(text: str, words: Lexicon) -> list[Lexeme]:
    """The tokens of a brief, in order, without what changes nothing."""
    return _kept(_with_lamps_whole(_unified(list(_read(text, words)))))


def languages_of(text: str, words: Lexicon) -> dict[Language, int]:
    """How many of the text's words each language alone knows, and `known` of `all` words in any of them."""
    found: dict[Language, int] = {}
    for lexeme in _read(text, words):
        if len(lexeme.languages) == 1:
            (language,) = lexeme.languages
            found[language] = found.get(language, 0) + 1
    return found


def unknown_in(text: str, words: Lexicon) -> tuple[str, ...]:
    """The words of a text that are not in the lexicon, each once."""
    read = (lexeme for lexeme in _read(text, words) if lexeme.kind == UNKNOWN)
    return tuple(dict.fromkeys(text[lexeme.start : lexeme.end] for lexeme in read))


def share_known(text: str, words: Lexicon) -> float:
    """The share of the brief's words, 0 to 1, that are in the lexicon; 1 if it has fewer than FEW words.

    Every letter of another script counts as a word: not all scripts put spaces between words.
    """
    read = [lexeme for lexeme in _read(text, words) if any(map(str.isalpha, text[lexeme.start : lexeme.end]))]
    kinds = [
        lexeme.kind
        for lexeme in read
        if lexeme.kind != "MARKUP"
        for _ in range(_counted(text[lexeme.start : lexeme.end]))
    ]
    return 1 - kinds.count(UNKNOWN) / len(kinds) if len(kinds) >= FEW else 1.0


def _counted(word: str) -> int:
    return 1 if fold(word).isascii() else len(word)


def _read(text: str, words: Lexicon) -> Iterator[Lexeme]:
    """Every token, those included that are left out later."""
    matches = [match for match in SCAN.finditer(text) if match.lastgroup != "SPACE"]
    at = 0
    while at < len(matches):
        match = matches[at]
        if match.lastgroup != "WORD":
            yield Lexeme(*symbol(match), match.start(), match.end())
            at += 1
            continue
        run = [match]
        while at + len(run) < len(matches) and matches[at + len(run)].lastgroup == "WORD":
            run.append(matches[at + len(run)])
        yield from _words(run, words)
        at += len(run)


def _words(run: list[re.Match[str]], words: Lexicon) -> Iterator[Lexeme]:
    """The longest known phrases in a run of words."""
    folded = [words.folded(match.group()) for match in run]
    at = 0
    while at < len(run):
        count, meanings = words.at(folded, at)
        if not count and (parts := _compound(folded[at], words)):
            for part in parts:
                yield Lexeme(part.kind, part.value, run[at].start(), run[at].end(), part.languages)
            at += 1
            continue
        taken = run[at : at + max(1, count)]
        _, following = words.at(folded, at + max(1, count))
        chosen = _chosen(meanings, following)
        yield Lexeme(chosen.kind, chosen.value, taken[0].start(), taken[-1].end(), chosen.languages)
        at += len(taken)


def _chosen(meanings: tuple[Meaning, ...], following: tuple[Meaning, ...]) -> Meaning:
    """The meaning that fits what follows: `light` is a tone before a colour, and elsewhere the light itself."""
    if not meanings:
        return Meaning(UNKNOWN, "")
    kinds = {meaning.kind: meaning for meaning in meanings}
    if len(kinds) > 1 and "TONE" in kinds:
        if {meaning.kind for meaning in following} & (SWATCHES | {"BACKDROP"}):
            return kinds["TONE"]
        del kinds["TONE"]
    if "EVERY" in kinds and len(kinds) > 1 and not following:
        return kinds["EVERY"]
    return next(iter(kinds.values()))


def _compound(word: str, words: Lexicon) -> tuple[Meaning, ...]:
    """The two parts of a German compound such as `Eichentisch` or `dunkelblau`, or another spelling of an umlaut."""
    spelled = word.replace("ae", "a").replace("oe", "o").replace("ue", "u")
    if spelled != word and (found := words.entries.get((spelled,))):
        return found[:1]
    for split in range(len(word) - 3, 2, -1):
        first, second = word[:split], word[split:]
        heads = [words.entries.get((first,)), words.entries.get((first[:-1],)) if first[-1] in "sn" else None]
        tails = words.entries.get((second,), ())
        for head in heads:
            pair = [next((m for m in part if m.kind in COMPOUND), None) for part in (head or (), tails)]
            if pair[0] and pair[1]:
                return (pair[0], pair[1])
            if head and tails and (head[0].kind, tails[0].kind) == ("NUM", "EV"):  # `Drittelblende`
                return (head[0], tails[0])
    return ()


def _with_numbers(read: list[Lexeme]) -> list[Lexeme]:
    """The tokens with `2/3 of a stop` and `by a degree` as numbers."""
    found = list(read)
    for at, lexeme in enumerate(found):
        if lexeme.kind == "RATIO" and "/" in lexeme.value and _unit_after(found, at) == "EV":
            over, under = map(int, lexeme.value.split("/"))
            found[at] = replace(lexeme, kind="NUM", value=repr(over / max(1, under)))
        elif lexeme.value in ARTICLES and lexeme.kind == COURTESY and _kind_at(found, at + 1) in {"DEG", "EV", "PCT"}:
            nearby = found[max(0, at - 2) : at]
            if not any(one.kind in {"NUM", "RATIO"} or one.value == "of" for one in nearby):
                found[at] = replace(lexeme, kind="NUM", value="1.0")
    return found


def _unified(read: list[Lexeme]) -> list[Lexeme]:
    """`3/4 view` is a three-quarter view; `alle` counts steps before a number only; a wrapped line is no new one."""
    found = _with_numbers(read)
    for at, lexeme in enumerate(found):
        around = {found[other].kind for other in (at - 1, at + 1) if 0 <= other < len(found)}
        if lexeme.kind == "RATIO" and "/" in lexeme.value:
            kind = "THREEQ" if lexeme.value == "3/4" and "VIEW" in around else "RATIO"
            found[at] = replace(lexeme, kind=kind, value=lexeme.value.replace("/", ":"))
        elif lexeme.kind == "EVERY" and (at + 1 == len(found) or found[at + 1].kind != "NUM"):
            found[at] = replace(lexeme, kind=COURTESY)
        elif lexeme.kind == "NUM" and lexeme.value == "1.0" and _unit_after(found, at) not in MEASURES:
            found[at] = replace(lexeme, kind=COURTESY)  # `a quick one`
        elif lexeme.kind in UNITS and not any(one.kind in {"NUM", "RATIO"} for one in found[max(0, at - 3) : at]):
            found[at] = replace(lexeme, kind=COURTESY)  # `il` is a stop after a number, and elsewhere a pronoun
        elif lexeme.value in UPWARDS and lexeme.kind == COURTESY and at and found[at - 1].kind == "DEG":
            found[at] = replace(lexeme, kind="UP", value="above")
        elif lexeme.kind == "SLIGHTLY" and at and found[at - 1].kind == "SHADOW" and _kind_at(found, at + 1) in ENDS:
            found[at] = replace(lexeme, kind="FAINT")  # `ombre légère`
        elif lexeme.kind == "SQUARE":
            found[at] = replace(lexeme, kind="RATIO")
    return found


def _with_lamps_whole(read: list[Lexeme]) -> list[Lexeme]:
    """The tokens without the comma inside `a harder light, which comes from the right`: it begins no other wish."""
    ends = [at for at, lexeme in enumerate(read) if lexeme.kind in {"COMMA", "STOP"}] + [len(read)]
    inside = set()
    for before, comma, after in zip([-1, *ends], ends, ends[1:], strict=False):
        lamp, clause = read[before + 1 : comma], read[comma + 1 : after]
        kinds = {one.kind for one in clause}
        goes_on = any(one.value in GOES_ON for one in clause) and kinds <= OF_LAMP
        goes_on = goes_on or bool(kinds & QUALITIES and kinds <= QUALITIES | {COURTESY, "SLIGHTLY", "MUCH"})
        if goes_on and any(one.kind in LABELS for one in lamp) and read[comma].kind == "COMMA":
            inside.add(comma)
    return [lexeme for at, lexeme in enumerate(read) if at not in inside]


def _kind_at(found: list[Lexeme], at: int) -> str:
    return found[at].kind if at < len(found) else "STOP"


def _unit_after(found: list[Lexeme], at: int) -> str:
    """The kind of the unit after a number, past `of a`."""
    return next((lexeme.kind for lexeme in found[at + 1 :] if lexeme.kind not in {COURTESY, "FROM"}), "")


def _kept(read: list[Lexeme]) -> list[Lexeme]:
    kept: list[Lexeme] = []
    before: list[str] = []
    made_at: int | None = None
    since: int | None = None
    label = False  # a line such as `Light: hard, from the left` is one phrase
    for one in read:
        follows_number = bool(kept) and kept[-1].kind in {"NUM", "ROUND"} and not before
        counted = follows_number and (one.kind == "VIEW" or one.value in PICTURES)
        lexeme = replace(one, kind="VIEW") if counted else one
        kind = lexeme.kind
        if kind == "COLON":
            label = bool(kept) and kept[-1].kind in LABELS and (len(kept) == 1 or kept[-2].kind == "STOP")
            continue
        label = label and kind != "STOP"
        if (kind in LEFT_OUT and not counted) or (label and kind == "COMMA"):
            if kind == "PRODUCT" and not before:
                _drop_description(kept)
            since = lexeme.start if since is None else since
            if kept:
                viewed = kept[-1].viewed or (kind == "VIEW" and not before)
                kept[-1] = replace(kept[-1], until=lexeme.end, viewed=viewed)
            made_at = lexeme.start if kind == "MAKE" else made_at
            before += [kind, lexeme.value] if kind != COURTESY else [lexeme.value]
            continue
        kept.append(replace(lexeme, before=tuple(before), made_at=made_at, since=since))
        before, made_at, since = [], None, None
    return kept


def _drop_description(kept: list[Lexeme]) -> None:
    """Forget the colours directly before the product: `the red mug` describes it."""
    first = len(kept)
    while first and kept[first - 1].kind in SWATCHES:
        first -= 1
    of_backdrop = first and kept[first - 1].kind in {"BACKDROP", "GRADIENT", "PLAIN"}
    if first < len(kept) and not of_backdrop and not {"ON", "MAKE"} & set(kept[first].before):
        del kept[first:]
