"""Articles, pronouns, adjectives and lists of three languages: the parts that sentences are made of."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from pipeline.language.lexicon.tables import Colour, Noun
from pipeline.language.lexicon.words import Language, initial, is_one, listed

SPELLED = "AEFHILMNORSX"  # capitals whose names begin with a vowel: an LED, an MDF shelf
CONSONANT = ("uni", "use", "usu", "eu", "one", "once", "ut")  # vowels that are spoken as consonants: a unisex shirt
VOWEL = ("hour", "honest", "heir")
MUTE_H = ("huile", "haltère", "horloge", "habit")
DEMONSTRATIVE = {
    "de": {"m": "Dieser", "f": "Diese", "n": "Dieses"},
    "fr": {"m": "Ce", "f": "Cette"},
}
INDEFINITE = {"de": {"m": "Ein", "f": "Eine", "n": "Ein"}, "fr": {"m": "Un", "f": "Une"}}
PRONOUN = {"de": {"m": "Er", "f": "Sie", "n": "Es"}, "fr": {"m": "Il", "f": "Elle"}}
BY: dict[Language, str] = {"en": "by {}", "de": "von {}", "fr": "de la marque {}"}
MADE_OF: dict[Language, str] = {"en": "made of {}", "de": "aus {}", "fr": "en {}"}
COLON: dict[Language, str] = {"en": ":", "de": ":", "fr": " :"}
AND: dict[Language, str] = {"en": "and", "de": "und", "fr": "et"}
WITH: dict[Language, str] = {"en": "with", "de": "mit", "fr": "et"}


@dataclass(frozen=True)
class Looks:
    """The colours of a product. `words`: as they stand in the text where they are not in the lexicon."""

    colours: tuple[Colour, ...] = ()
    words: str = ""
    seen: bool = False

    def text(self, language: Language, form: int = 0) -> str:
        """`teal`, `black and white`; `form`: of a French noun, with which a single colour agrees."""
        if not self.colours:
            return self.words
        names = [colour.text(language, form if len(self.colours) == 1 else 0) for colour in self.colours]
        if self.seen and len(names) > 1 and language != "fr":
            return f"{names[0]} {WITH[language]} {listed(names[1:], language)}"
        return listed(names, language)


def article(words: str) -> str:
    """`a` or `an`, as `words` are spoken."""
    first = re.split(r"[\s-]", words, maxsplit=1)[0]
    if first[:1].isdigit():
        return "an" if first[0] == "8" or re.match(r"1[18](?!\d)", first) else "a"
    if len(first) > 1 and first.isupper() and first.isalpha():
        return "an" if first[0] in SPELLED else "a"
    lowered = first.casefold()
    if lowered.startswith(VOWEL):
        return "an"
    return "an" if lowered[:1] in set("aeiou") and not lowered.startswith(CONSONANT) else "a"


def this(noun: Noun, phrase: str, language: Language) -> str:
    """`phrase`, which begins with `noun` or its adjectives, after the demonstrative: `This teal mug`."""
    if language == "en":
        return f"{'These' if noun.plural else 'This'} {phrase}"
    if noun.plural:
        return f"{'Diese' if language == 'de' else 'Ces'} {phrase}"
    word = DEMONSTRATIVE[language][noun.gender]
    if word == "Ce" and (phrase[:1].casefold() in set("aeiouéèêâîô") or phrase.startswith(MUTE_H)):
        word = "Cet"
    return f"{word} {phrase}"


def some(noun: Noun, phrase: str, language: Language) -> str:
    """`phrase` after the indefinite article; without one where the noun is not counted, or plural."""
    if not noun.counted or (noun.plural and language != "fr"):
        return initial(phrase)
    if language == "en":
        return f"{initial(article(phrase))} {phrase}"
    return f"{'Des' if noun.plural else INDEFINITE[language][noun.gender]} {phrase}"


def pronoun(noun: Noun, language: Language) -> str:
    """`It`, `Er`, `Elles`."""
    if language == "en":
        return "They" if noun.plural else "It"
    if language == "de":
        return "Sie" if noun.plural else PRONOUN[language][noun.gender]
    return PRONOUN[language][noun.gender] + ("s" if noun.plural else "")


def noun_phrase(noun: Noun, looks: Looks, material: str, audience: str, language: Language) -> str:
    """The noun with colour, material and for whom it is: `teal stoneware mug`, `Becher aus Steinzeug in Petrol`."""
    colours = looks.text(language, noun.form)
    whom = {"en": "for {}", "de": "für {}", "fr": "pour {}"}[language].format(audience) if audience else ""
    stuff = MADE_OF[language].format(material) if material else ""
    parts: Sequence[str]
    if language == "en":
        last = f"in {colours}" if looks.seen and colours else ""
        parts = ("" if looks.seen else colours, material, noun.text, whom, last)
    elif language == "de":
        parts = (noun.text, whom, stuff, f"in {colours}" if colours else "")
    else:
        parts = (noun.text, colours, stuff, whom)
    return " ".join(part for part in parts if part)


def filled(template: str, noun: Noun | None, language: Language, value: str, dative: str, number: int | None) -> str:
    """A phrase of the lexicon for `noun`. See `attributes.yaml` for the marks."""
    plural, form = (noun.plural, noun.form) if noun else (False, 0)

    def agreed(found: re.Match[str]) -> str:
        options = found[1].split("/")
        return options[form] if len(options) == 4 else options[int(plural)]

    def counted(found: re.Match[str]) -> str:
        one, many = found[1].split("/")
        return one if number is not None and is_one(number, language) else many

    text = re.sub(r"<([^>]+)>", agreed, template)
    text = re.sub(r"\[([^\]]+)\]", counted, text)
    least, dash, most = value.partition("–")
    values = {"a": article(value), "v": value, "d": dative, "r": f"de {least} à {most}" if dash else f"à {value}"}
    return re.sub(r"\{([avdr])\}", lambda found: values[found[1]], text)
