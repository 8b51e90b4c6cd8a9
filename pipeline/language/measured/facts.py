"""Turns each attribute of shoot.yaml into the phrases of one language: its bullet, and what a sentence says of it."""

import re
from dataclasses import dataclass, replace

from babel import Locale

from pipeline.language.lexicon.concepts import Concept, Known, concept_of, concepts
from pipeline.language.lexicon.tables import Material, Noun, colours, countries, materials
from pipeline.language.lexicon.units import date_text, dative, read_age, read_quantity
from pipeline.language.lexicon.words import LANGUAGES, LIST_MARKS, Language, initial, key_of, listed
from pipeline.language.measured.grammar import COLON, MADE_OF, article, filled
from pipeline.language.measured.source import as_given

IN_TITLES = frozenset(("capacity", "contents", "dimensions", "diameter", "screen size", "pieces", "persons"))
UNCOUNTED = {"capacity": "contents"}  # what a concept becomes for goods that are not counted


@dataclass(frozen=True)
class Context:
    """`language` of the text, `source` of shoot.yaml, and the noun of the product, if it is known."""

    language: Language
    source: Language
    noun: Noun | None


@dataclass(frozen=True)
class Fact:
    """One attribute in words.

    `says`: the predicate of a sentence; `measure`: for a list such as 9 cm wide; `stuff`: the material of a part, which
    joins the fact `of` that part; `tag`: for titles;
    `told`: another fact says it too. `measured`: in the photos, and not stated by shoot.yaml.
    """

    name: str
    point: str
    says: str = ""
    measure: str = ""
    stuff: str = ""
    of: str = ""
    tag: str = ""
    told: bool = False
    measured: bool = False

    @property
    def silent(self) -> bool:
        """Whether no sentence says it."""
        return not (self.says or self.measure or self.told)


@dataclass(frozen=True)
class Value:
    """A value in the text's language. `fits`: it is what its concept's phrases need."""

    text: str
    fits: bool
    number: int | None = None


def facts_of(name: str, raw: str, context: Context) -> list[Fact]:
    """The phrases of one attribute; several where its value is a list of known values."""
    concept = concept_of(name)
    if concept is None:
        label = name.replace("_", " ").strip()
        return [Fact(name, _labelled(initial(label), raw, context))]
    if context.noun is not None and not context.noun.counted:
        concept = concept_of_uncounted(concept)
    known = _known(concept, raw)
    if known:
        return [_of_known(concept, one, context) for one in known]
    if concept.part:
        return [_of_part(concept, raw, context)]
    return [_of_value(concept, raw, context)]


def concept_of_uncounted(concept: Concept) -> Concept:
    """The concept as goods have it that are not counted: an olive oil holds nothing."""
    return concepts()[UNCOUNTED.get(concept.name, concept.name)]


def material_items(raw: str) -> list[tuple[str, Material]] | None:
    """The materials of `80% cotton, 20% polyester`, each with its percentage or nothing. None if one is unknown."""
    items = []
    for part in [raw] if key_of(raw) in materials() else LIST_MARKS.split(raw):
        found = re.match(r"^(?:(\d+(?:[.,]\d+)?)\s*%\s*)?(?:de\s+)?(.+)$", part.strip())
        material = materials().get(key_of(found[2])) if found else None
        if found is None or material is None:
            return None
        items.append((found[1] or "", material))
    return items


def percent(number: str, word: str, language: Language) -> str:
    """`80% cotton`, `80 % Baumwolle`."""
    quantity = read_quantity(f"{number} %")
    return f"{quantity.text(language) if quantity else number + '%'} {word}" if number else word


def _known(concept: Concept, raw: str) -> list[Known]:
    """The known values that `raw` lists; empty if one of them is unknown."""
    whole = concept.values.get(key_of(raw))
    if whole:
        return [whole]
    parts = [concept.values.get(key_of(part)) for part in re.split(r"\s*[,;/]\s*|\s+(?:and|und|et)\s+", raw)]
    return [part for part in parts if part] if all(parts) else []


def _of_known(concept: Concept, known: Known, context: Context) -> Fact:
    word = known.words[context.language]
    point = initial(word) if known.alone else _label(concept, word, context)
    says = ""
    if known.says and context.noun:
        says = filled(known.says[context.language], context.noun, context.language, word, word, None)
    return Fact(concept.name, point, says)


def _of_part(concept: Concept, raw: str, context: Context) -> Fact:
    """`lining: leather` becomes: has a leather lining."""
    language, items = context.language, material_items(raw)
    if not items or any(share for share, _ in items):
        return Fact(concept.name, _labelled(concept.label[language], raw, context))
    words = listed([_material_word(material, language) for _, material in items], language)
    before = listed([material.before for _, material in items], language)
    stuff = before if language == "en" else MADE_OF[language].format(words)
    return Fact(concept.name, _label(concept, words, context), _part_says(concept, items, context), stuff=stuff)


def _part_says(concept: Concept, items: list[tuple[str, Material]], context: Context) -> str:
    if context.noun is None or concept.part is None:
        return ""
    language, part, plural = context.language, concept.part[context.language], context.noun.plural
    if language == "en":
        phrase = f"{listed([material.before for _, material in items], 'en')} {part.text}"
        return f"{'have' if plural else 'has'} {phrase if part.plural else f'{article(phrase)} {phrase}'}"
    words = listed([str(getattr(material, language)) for _, material in items], language)
    made = f"{part.text} {MADE_OF[language].format(words)}"
    if language == "de":
        one = "" if part.plural else {"m": "einen ", "f": "eine ", "n": "ein "}[part.gender]
        return f"{'haben' if plural else 'hat'} {one}{made}"
    return f"{'ont' if plural else 'a'} {'des' if part.plural else {'m': 'un', 'f': 'une'}[part.gender]} {made}"


def _of_value(concept: Concept, raw: str, context: Context) -> Fact:
    language = context.language
    value = _value(concept, raw, context)
    noun = context.noun
    if not value.fits:
        return Fact(concept.name, _label(concept, value.text, context))
    lower = dative(value.text, language)
    point = _label(concept, value.text, context)
    if concept.point and (noun or concept.takes != "country" or language != "fr"):
        point = filled(concept.point[language], noun, language, value.text, lower, value.number)
    elif concept.takes == "country":
        point = _label(concept, value.text.split(" ", 1)[1], context)
    says = measure = ""
    counted = noun is not None and (noun.counted or concept.takes in {"country", "name", "proper name"})
    if noun is not None and counted and concept.says:
        says = filled(concept.says[language], noun, language, value.text, lower, value.number)
    if noun is not None and counted and concept.measure:
        measure = filled(concept.measure[language], noun, language, value.text, lower, value.number)
    return Fact(concept.name, initial(point), says, measure, of=concept.of, tag=_tag(concept, value, point))


def _tag(concept: Concept, value: Value, point: str) -> str:
    """What a title says of the fact: `350 ml`, `52 pieces`; of most facts nothing."""
    if concept.name not in IN_TITLES:
        return ""
    return value.text if concept.takes in {"volume", "length", "text"} else point[:1].lower() + point[1:]


def _value(concept: Concept, raw: str, context: Context) -> Value:
    """The value in the text's language, and whether it is what the concept takes."""
    language, takes = context.language, concept.takes
    special = _special(takes, raw, language)
    if special:
        return Value(special, fits=True)
    quantity = read_quantity(raw, context.source)
    if quantity:
        whole = int(quantity.numbers[-1]) if quantity.numbers[-1].isdigit() else None
        kind = "count" if takes == "number" else takes
        fits = quantity.kind == kind and (takes != "count" or (len(quantity.numbers) == 1 and bool(whole)))
        return Value(quantity.text(language), fits, whole)
    text = _text(raw, context)
    return Value(text, fits=takes == "name" and (text == raw or raw not in text))


def _special(takes: str, raw: str, language: Language) -> str | None:
    """An age, a country, a language, a date or a proper name, if `raw` is the one that the concept takes."""
    if takes == "age":
        age = read_age(raw)
        return age.text(language) if age else None
    if takes == "country":
        return countries().get(key_of(raw), {}).get(language)
    if takes == "language":
        return _spoken(raw, language)
    if takes == "date":
        return date_text(raw, language)
    return raw if takes == "proper name" else None


def _text(raw: str, context: Context) -> str:
    """A value that is neither a number nor known to its concept, through colours and materials where they know it."""
    day = date_text(raw, context.language)
    if day:
        return day
    colour, material = colours().get(key_of(raw)), materials().get(key_of(raw))
    if material:
        return _material_word(material, context.language)
    if colour:
        return colour.text(context.language)
    return as_given(raw, context.source, context.language)


def _material_word(material: Material, language: Language) -> str:
    return str(getattr(material, language))


def _label(concept: Concept, text: str, context: Context) -> str:
    return f"{concept.label[context.language]}{COLON[context.language]} {text}"


def _labelled(label: str, raw: str, context: Context) -> str:
    quantity = read_quantity(raw, context.source)
    text = quantity.text(context.language) if quantity else _text(raw, context)
    return f"{label}{COLON[context.language]} {text}"


def _spoken(raw: str, target: Language) -> str | None:
    """The name in `target` of a language that any of the three names: German, Deutsch, allemand."""
    for language in LANGUAGES:
        for code, name in Locale(language).languages.items():
            if name.casefold() == raw.strip().casefold():
                return Locale(target).languages.get(code)
    return None


def joined(facts: list[Fact], language: Language) -> list[Fact]:
    """The facts with what is said of one part in one phrase: a 20 cm steel blade."""
    parts = {fact.name: fact.stuff for fact in facts if fact.stuff}
    lengths = {fact.of for fact in facts if fact.of in parts and fact.says}
    result = []
    for fact in facts:
        if fact.of in lengths and fact.says:
            result.append(replace(fact, says=_with_stuff(fact.says, parts[fact.of], language)))
        elif fact.name in lengths:
            result.append(replace(fact, says="", stuff="", told=True))
        else:
            result.append(fact)
    return result


def _with_stuff(says: str, stuff: str, language: Language) -> str:
    if language != "en":
        return f"{says} {stuff}"
    start, _, last = says.rpartition(" ")
    return f"{start} {stuff} {last}"
