"""Splits a brief into the tokens of the grammar: numbers, units, sizes and the words of the lexicon."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace

from pipeline.language.briefs.conjugation import infinitives
from pipeline.language.briefs.cues import cue
from pipeline.language.briefs.fold import fold
from pipeline.language.briefs.lexeme import SWATCHES, TURNS, Lexeme
from pipeline.language.briefs.lexicon import COURTESY, NOUN, SHORTEST_PART, TALK, UNKNOWN, Lexicon, Meaning
from pipeline.language.briefs.plan import LANGUAGES, Language
from pipeline.language.briefs.scan import SCAN, symbol

FEW = 3
APOSTROPHES = ("'", "\u2019")
INFLECTED = frozenset({"PLACE", "MATERIAL", "VIEW", "PART", "PRODUCT", NOUN, "BACKDROP", "SHADOW", "LIGHT"})
VERBS = frozenset({COURTESY, TALK})
EDITING = VERBS | {
    "MAKE",
    "ADD",
    "CHANGE",
    "REMOVE",
    "CROP",
    "ROTATE",
    "CORRECT",
    "EXTEND",
    "MORE",
    "LESS",
    "BRIGHTER",
    "DARKER",
}
SHORTEST_VERB = 4  # letters
BENEATH = frozenset({"underneath", "beneath", "darunter", "dessous"})
COMPOUND = SWATCHES | {"MOOD", "MOODWORD", "BACKDROP", "LIGHT", "SHADOW", "SOFT", "HARD", "GRADIENT", "SCENE"}


def read_tokens(text: str, words: Lexicon) -> list[Lexeme]:
    """All tokens of a brief, in order."""
    return with_product(list(_read(text, words)))


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
    read = (lexeme for lexeme in read_tokens(text, words) if lexeme.kind == UNKNOWN)
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
            kind, value = symbol(match)
            if value == "|":  # `Channel | Instagram` is a label; more are a row
                kind = "COLON" if _line(text, match.start()).count("|") == 1 else "COMMA"
            yield Lexeme(kind, value, match.start(), match.end())
            at += 1
            continue
        run = [match]
        while at + len(run) < len(matches) and matches[at + len(run)].lastgroup == "WORD":
            run.append(matches[at + len(run)])
        numbered = at > 0 and matches[at - 1].lastgroup in {"NUM", "DEG"}
        yield from _words(run, words, after_number=numbered)
        at += len(run)


def _line(text: str, at: int) -> str:
    return text[text.rfind("\n", 0, at) + 1 :].partition("\n")[0]


def _words(run: list[re.Match[str]], words: Lexicon, *, after_number: bool) -> Iterator[Lexeme]:
    """The longest known phrases in a run of words. `after_number`: or a degree sign, so that `45 L` is 45 left."""
    folded = [words.folded(match.group()) for match in run]
    at, kind = 0, ""
    while at < len(run):
        count, meanings = words.at(folded, at)
        if not count and (value := words.talk_in(folded[at])):
            yield Lexeme(TALK, value, run[at].start(), run[at].end(), frozenset({"de"}))
            at += 1
            continue
        if not count and (inflected := _inflected(folded[at], words)):
            yield Lexeme(inflected.kind, inflected.value, run[at].start(), run[at].end(), inflected.languages)
            at += 1
            continue
        if not count and (parts := _compound(folded[at], words)):
            for part in parts:
                yield Lexeme(part.kind, part.value, run[at].start(), run[at].end(), part.languages)
            at += 1
            continue
        if folded[at] == "n" and not run[at].string[run[at].end() :].startswith(APOSTROPHES):  # `front n back`
            yield Lexeme("AND", "and", run[at].start(), run[at].end())
            at += 1
            continue
        if run[at].group() in TURNS and after_number:
            side = TURNS[run[at].group()]
            yield Lexeme("SIDE", side, run[at].start(), run[at].end())
            at += 1
            continue
        taken = run[at : at + max(1, count)]
        after = at + max(1, count)
        _, following = words.at(folded, after)
        if not following and after < len(run):
            following = _compound(folded[after], words)  # `ein heller Eichentisch`
        chosen = _chosen(meanings, following, kind)
        if kind in SWATCHES and folded[at] in BENEATH:  # `a walnut table underneath`
            chosen = Meaning("BACKDROP", "backdrop", chosen.languages)
        kind = chosen.kind
        yield Lexeme(chosen.kind, chosen.value, taken[0].start(), taken[-1].end(), chosen.languages)
        at += len(taken)


def _chosen(meanings: tuple[Meaning, ...], following: tuple[Meaning, ...], preceding: str) -> Meaning:
    """The meaning that fits what stands around: `light` is a tone before a colour, and elsewhere the light itself.

    `black behind` is a backdrop, and `from behind` a side. `preceding`: the kind of the word before.
    """
    if not meanings:
        return Meaning(UNKNOWN, "")
    kinds = {meaning.kind: meaning for meaning in meanings}
    if len(kinds) > 1 and "TONE" in kinds:
        if {meaning.kind for meaning in following} & (SWATCHES | {"BACKDROP"}):
            return kinds["TONE"]
        del kinds["TONE"]
    if {"SIDE", "BACKDROP"} <= kinds.keys():
        return kinds["BACKDROP" if preceding in SWATCHES else "SIDE"]
    if "EVERY" in kinds and len(kinds) > 1 and not following:
        return kinds["EVERY"]
    return next(iter(kinds.values()))


def _inflected(word: str, words: Lexicon) -> Meaning | None:
    """The verb that a word is a form of, or the noun that it is a plural or a case of: `Brettern`, `tables`."""
    for language in LANGUAGES:
        kinds = VERBS if language == "en" else EDITING  # `loses` and `cuts` say more than they ask for
        for infinitive in infinitives(word, language) if len(word) >= SHORTEST_VERB else ():
            meant = words.entries.get((infinitive,), ())
            found = next((one for one in meant if one.kind in kinds and language in one.languages), None)
            if found:
                return found
    for ending in ("n", "en", "s", "es", "e", "er", "ern"):
        stem = word.removesuffix(ending)
        if stem != word and len(stem) >= SHORTEST_PART:
            found = next((one for one in words.entries.get((stem,), ()) if one.kind in INFLECTED), None)
            vowel = ending in {"e", "er"} and found is not None and found.kind == "MATERIAL"
            if found and not vowel and (ending == "s" or "de" in found.languages):
                return found
    return None


def _compound(word: str, words: Lexicon) -> tuple[Meaning, ...]:
    """The two parts of a German compound such as `Eichentisch` or `dunkelblau`, or another spelling of an umlaut."""
    spelled = word.replace("ae", "a").replace("oe", "o").replace("ue", "u")
    if spelled != word and (found := words.entries.get((spelled,))):
        return found[:1]
    for split in range(len(word) - 3, 2, -1):
        first, second = word[:split], word[split:]
        heads = [words.entries.get((first,)), words.entries.get((first[:-1],)) if first[-1] in "sn" else None]
        tails = words.entries.get((second,), ()) or tuple(filter(None, [_inflected(second, words)]))
        for head in heads:
            pair = [next((m for m in part if m.kind in COMPOUND), None) for part in (head or (), tails)]
            if pair[0] and pair[1]:
                return (pair[0], pair[1])
            if head and tails and (head[0].kind, tails[0].kind) == ("NUM", "EV"):  # `Drittelblende`
                return (head[0], tails[0])
        if tails and tails[0].kind in {"PRODUCT", NOUN} and "de" in tails[0].languages and len(second) >= SHORTEST_PART:
            return tails[:1]  # `Turnschuh`
    return ()


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
