"""The words that briefs may use, in three languages: those of the tables beside this file, and a shoot's own names."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache, cached_property, lru_cache
from importlib.resources import files

import yaml
from PIL.ImageColor import colormap

from pipeline.language import numerals as numbers
from pipeline.language.briefs.fold import Key, fold, key_of
from pipeline.language.briefs.plan import LANGUAGES, Known, Language
from pipeline.language.lexicon.tables import categories_in

ENDINGS = ("", "e", "er", "es", "en", "em")
SHORTEST_PART = 4  # letters of the last part of a compound
SHORTENED = 5  # letters of a channel that stand for it, such as `insta`
COURTESY, TALK, NOUN, UNKNOWN = "COURTESY", "TALK", "NOUN", "UNKNOWN"


@dataclass(frozen=True)
class Meaning:
    """What a word or phrase may stand for: a token of the grammar, its value, and the languages that use it so."""

    kind: str
    value: str
    languages: frozenset[Language] = frozenset()


class Lexicon:
    """Phrases, each a tuple of folded words, and what they may mean. `spellings`: wrongly spelled words to these."""

    def __init__(
        self, entries: dict[Key, tuple[Meaning, ...]], spellings: dict[str, str] | None = None, longest: int = 0
    ) -> None:
        self.entries = entries
        self.spellings = spellings or {}
        self.longest = longest or max(map(len, entries))

    def with_spellings(self, spellings: dict[str, str]) -> "Lexicon":
        """This lexicon, in which folded words with a wrong letter are read as those that they stand for."""
        return Lexicon(self.entries, spellings, self.longest)

    def folded(self, word: str) -> str:
        """A word as the lexicon writes it: `youuu` is `you`."""
        folded = re.sub(r"([a-z])\1{2,}", r"\1", fold(word))
        return self.spellings.get(folded, folded)

    def at(self, words: list[str], start: int) -> tuple[int, tuple[Meaning, ...]]:
        """How many words from `start` on form the longest known phrase, and its meanings; (0, ()) if none do."""
        for count in range(min(self.longest, len(words) - start), 0, -1):
            if found := self.entries.get(tuple(words[start : start + count])):
                return count, found
        return 0, ()

    def with_names(self, known: Known) -> "Lexicon":
        """This lexicon with the names of a shoot's angles, backdrops and channels, and its words for the product."""
        own = [("OWN_ANGLE", angle.name) for angle in known.angles]
        own += [("OWN_BACKDROP", backdrop.name) for backdrop in known.backdrops]
        return _named(self, tuple(known.channels), tuple(own), tuple(known.product))

    def talk_in(self, word: str) -> str:
        """The class of talk of the last part of a German compound, such as `Frühjahrskatalog`; else empty."""
        return next((value for at in range(3, len(word) - SHORTEST_PART + 1) if (value := _parts().get(word[at:]))), "")

    @cached_property
    def channel_names(self) -> tuple[str, ...]:
        """The names of all channels that a brief may ask for."""
        channels = (m.value for meanings in self.entries.values() for m in meanings if m.kind == "CHANNEL")
        return tuple(sorted(set(channels)))

    @cached_property
    def single(self) -> frozenset[str]:
        """All single words that have a meaning."""
        return frozenset(key[0] for key in self.entries if len(key) == 1)


@lru_cache(maxsize=16)
def _named(
    words: Lexicon, channels: tuple[str, ...], own: tuple[tuple[str, str], ...], product: tuple[str, ...]
) -> Lexicon:
    """`words` with names: those of channels, (kind, name) of a shoot's own angles and backdrops, and of the product."""
    entries = dict(words.entries)
    for name in channels:
        for phrase in _nicknames(name, channels, words):
            entries[phrase] = (Meaning("CHANNEL", name),)
    for kind, name in own:
        if not all(word in words.single for word in key_of(name)):
            entries.setdefault(key_of(name), (Meaning(kind, name),))
    for name in product:
        for phrase in (key_of(name), *((word,) for word in key_of(name) if len(word) > 2)):
            entries.setdefault(phrase, (Meaning("PRODUCT", "product"),))
    entries.pop((), None)
    return Lexicon(entries)


@cache
def lexicon() -> Lexicon:
    """The words of the tables, without those of a shoot."""
    found: dict[Key, list[Meaning]] = {}
    for kind, value, language, phrase in rows():
        meanings = found.setdefault(key_of(phrase), [])
        same = next((m for m in meanings if (m.kind, m.value) == (kind, value)), Meaning(kind, value))
        meanings[:] = [m for m in meanings if (m.kind, m.value) != (kind, value)]
        meanings.append(Meaning(kind, value, same.languages | {language}))
    for key, name in _css_colours(sorted(_table("words.yaml")["COLOUR"])).items():
        if key[:1] not in found:  # `slate grey` is slate, and `pale green` a tone
            found[key] = [Meaning("COLOUR", name, frozenset({"en"}))]
    for key, number in numerals().items():
        found.setdefault(key, []).append(Meaning("NUM", repr(number)))
    for key, meaning in [*_talk(), *_courtesy()]:
        found.setdefault(key, []).append(meaning)
    for language in LANGUAGES:
        for word, category in categories_in(language).items():
            found.setdefault(key_of(word), [Meaning(NOUN, category["en"].text, frozenset({language}))])
    return Lexicon({key: tuple(meanings) for key, meanings in found.items()})


@cache
def _parts() -> dict[str, str]:
    """German nouns of talk.yaml that may end a compound, to their class."""
    return {
        key[0]: meaning.value
        for key, meaning in _talk()
        if "de" in meaning.languages and meaning.value in {"people", "use", "time"} and len(key) == 1
        if len(key[0]) >= SHORTEST_PART
    }


def _talk() -> Iterator[tuple[Key, Meaning]]:
    """Every phrase of talk.yaml; the value of its meaning is its class."""
    for value, by_language in _table("talk.yaml").items():
        for language, words in by_language.items():
            for word in words.split():
                yield key_of(word.replace("_", " ")), Meaning(TALK, value, frozenset({language}))


def _courtesy() -> Iterator[tuple[Key, Meaning]]:
    """Every phrase of courtesy.yaml, and the parts of words with an apostrophe, at which the text is split."""
    for language, words in _table("courtesy.yaml").items():
        for word in words.split():
            key = key_of(word.replace("_", " "))
            for one in (key, *((part,) for part in key if "'" in word)):
                yield one, Meaning(COURTESY, " ".join(one), frozenset({language}))


def _css_colours(colours: Iterable[str]) -> dict[Key, str]:
    """The colours of CSS whose names end in one of these, such as `sky blue`, as two words."""
    named = {name: next((one for one in colours if name.endswith(one)), "") for name in sorted(colormap)}
    return {(name.removesuffix(colour), colour): name for name, colour in named.items() if colour not in {"", name}}


def rows() -> list[tuple[str, str, Language, str]]:
    """(token, value, language, phrase) of every phrase in words.yaml; German endings are written out."""
    found = []
    for kind, values in _table("words.yaml").items():
        for value, phrases in values.items():
            for language, together in zip(LANGUAGES, phrases, strict=True):
                for phrase in together.split("|"):
                    found += [(kind, str(value), language, form) for form in _forms(phrase.strip())]
    return found


@cache
def suggested(language: Language) -> dict[str, str]:
    """Folded single words of words.yaml in a language, as a person writes them: no stem without its ending."""
    found: dict[str, str] = {}
    at = list(LANGUAGES).index(language)
    for kind, values in _table("words.yaml").items():
        for together in values.values() if kind != UNKNOWN else ():
            words = [phrase.strip() for phrase in together[at].split("|")]
            found |= {fold(word): word for word in words if re.fullmatch(r"[^\W\d_]+", word)}
            if words[0].endswith("~"):
                found.setdefault(fold(words[0][:-1]), words[0][:-1])
    return found


def phrases(kind: str) -> dict[str, tuple[str, ...]]:
    """Value to the words of a token in each language, as a person would list them."""
    values = _table("words.yaml")[kind]
    return {
        str(value): tuple(", ".join(one.strip().rstrip("~") for one in text.split("|")) for text in together)
        for value, together in values.items()
    }


def _forms(phrase: str) -> list[str]:
    if not phrase.endswith("~"):
        return [phrase]
    stem = phrase[:-1]
    return [stem + ending.removeprefix("e") if stem.endswith("e") else stem + ending for ending in ENDINGS]


def _nicknames(name: str, names: tuple[str, ...], words: Lexicon) -> list[Key]:
    """What a brief may call a channel: its name, its first word if no other channel has it, its last if it is rare."""
    parts = tuple(part for part in key_of(name.replace("_", " ")) if part.isalpha() and len(part) > 1)
    others = [key_of(other.replace("_", " ")) for other in names if other != name]
    found = [parts, parts[::-1]]
    first = bool(parts) and (name == parts[0] or not any(parts[0] in other for other in others))
    if first:
        found.append(parts[:1])
    if len(parts) > 1 and parts[-1] not in words.single and not any(parts[-1] in other for other in others):
        found.append(parts[-1:])
    if first and len(parts[0]) > SHORTENED:
        found += [(parts[0][:length],) for length in range(SHORTENED, len(parts[0]))]
    return [phrase for phrase in found if phrase not in words.entries]


@cache
def _table(name: str) -> dict:  # type: ignore[type-arg]
    return yaml.safe_load((files("pipeline.language.briefs") / name).read_text("utf-8"))  # type: ignore[no-any-return]


_PHRASES: dict[str, float] = {
    "hundred": 100,
    "one hundred": 100,
    "a hundred": 100,
    "hundert": 100,
    "einhundert": 100,
    "cent": 100,
}
_PHRASES |= {"three hundred sixty": 360, "three hundred and sixty": 360, "dreihundertsechzig": 360}
_PHRASES |= {"half": 0.5, "half a": 0.5, "halbe": 0.5, "halben": 0.5, "halber": 0.5, "demi": 0.5}
_PHRASES |= {
    "third of a": 1 / 3,
    "drittel": 1 / 3,
    "tiers de": 1 / 3,
    "tiers": 1 / 3,
    "one": 1,
    "one and a half": 1.5,
    "anderthalb": 1.5,
}

_PHRASES |= dict.fromkeys(("two thirds of a", "two thirds", "zwei drittel", "deux tiers de"), 2 / 3)
_PHRASES |= dict.fromkeys(("one third of a", "one third", "ein drittel", "un tiers de"), 1 / 3)
_UNITS = ("un", "deux", "trois", "quatre", "cinq", "six", "sept", "huit", "neuf")
for _ten, _word in ((70, "septante"), (80, "huitante"), (80, "octante"), (90, "nonante")):  # Switzerland, Belgium
    _PHRASES |= {_word: _ten, f"{_word} et un": _ten + 1}
    _PHRASES |= {f"{_word}-{unit}": _ten + number for number, unit in enumerate(_UNITS, start=1)}
_PHRASES |= dict.fromkeys(("quarter of a", "quarter", "viertel", "quart de", "quart"), 0.25)


@cache
def numerals() -> dict[Key, float]:
    """The folded words of each number to the number."""
    return {key_of(phrase): float(value) for phrase, value in {**numbers.words(), **_PHRASES}.items()}
