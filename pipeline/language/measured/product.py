"""Reads shoot.yaml's facts as one product: its noun, colours, material, and everything else in phrases."""

import re
from dataclasses import dataclass

from pipeline.core.evidence import Measurement
from pipeline.language.base import Facts
from pipeline.language.lexicon.concepts import Concept, concept_of, concepts
from pipeline.language.lexicon.tables import Category, Colour, Noun, categories, category_of, colours
from pipeline.language.lexicon.words import LIST_MARKS, Language, initial, key_of, listed
from pipeline.language.measured.editor import Editor
from pipeline.language.measured.facts import Context, Fact, facts_of, joined, material_items, percent
from pipeline.language.measured.grammar import COLON, MADE_OF, Looks, filled, noun_phrase
from pipeline.language.measured.measures import measured_facts
from pipeline.language.measured.source import LONGEST, source_of

PLAIN_WORDS = re.compile(r"[^\W\d_]+(?:[ -][^\W\d_]+){0,2}")  # at most three words of letters
SEEN = 3  # colours that are named
ENDS = re.compile(r"\b(?:with|for|of|in|by|from|and|mit|für|aus|von|und|avec|pour|en|et)\b|[,(–]", re.IGNORECASE)
COMPOSED = {
    "en": "<is/are> made of {v}",
    "de": "<besteht/bestehen> aus {v}",
    "fr": "<se compose/se composent> de {v}",
}


@dataclass(frozen=True)
class Product:
    """One product in the words of `language`.

    `noun`: None where no category is known. `material`: before an English noun, or after aus and en. `made`: the bullet
    that names the material. `twice`: the material says the colour too (silver).
    `facts`: the attributes besides colour and material, in the order of shoot.yaml.
    """

    language: Language
    source: Language
    brand: str
    noun: Noun | None
    looks: Looks
    material: str
    made: str
    audience: str
    facts: tuple[Fact, ...]
    twice: bool = False

    @property
    def phrase(self) -> str:
        """`teal stoneware mug`; empty without a noun."""
        if self.noun is None:
            return ""
        looks = Looks() if self.twice and self.material else self.looks
        return noun_phrase(self.noun, looks, self.material, self.audience, self.language)


def product_of(
    facts: Facts, seen: tuple[str, ...], language: Language, editor: Editor, measures: tuple[Measurement, ...] = ()
) -> Product:
    """Read the facts. `seen`: English names of measured colours, used where shoot.yaml gives none.

    `measures`: sizes, pattern and gloss that were measured, used likewise.
    """
    source = source_of(facts, language)
    noun = _noun(facts, source, language, editor)
    context = Context(language, source, noun)
    looks, material, made, audience = Looks(), "", "", ""
    said: list[Fact] = []
    stated = {name: raw for name, raw in facts.attributes.items() if any(letter.isalnum() for letter in raw)}
    for name, raw in stated.items():
        kind = _kind(name)
        if kind == "colour" and not looks.text(language):
            looks, more = _looks(raw, context)
        elif kind == "material" and not made:
            material, made, more = _material(raw, context)
        elif kind == "audience" and not audience:
            audience, more = _audience(raw, context)
        else:
            more = facts_of(name, raw, context)
        said += more
    if not any(_kind(name) == "colour" for name in facts.attributes):
        known = [colours()[key_of(name)] for name in seen if key_of(name) in colours()]
        looks = Looks(tuple(known[:SEEN]), seen=True) if noun is None or noun.coloured else Looks()
    said = joined(said, language) + measured_facts(measures, {_kind(name) for name in stated}, context)
    return Product(
        language=language,
        source=source,
        brand=facts.brand,
        noun=noun,
        looks=looks if editor.edited(looks.text(language) or "-") else Looks(),
        material=material if editor.edited(material or "-") else "",
        made=made if editor.edited(made or "-") else "",
        audience=audience if editor.edited(audience or "-") else "",
        facts=tuple(fact for fact in said if editor.edited(fact.point)),
        twice=_in_material(looks, facts),
    )


def noun_in(title: str, source: Language) -> Category | None:
    """The category that a title names: its last words before any preposition, or in French its first."""
    head = ENDS.split(title, maxsplit=1)[0] or title
    words = [word for word in key_of(head).split() if not re.search(r"\d", word)]
    for count in range(min(LONGEST, len(words)), 0, -1):
        phrase = words[:count] if source == "fr" else words[-count:]
        category = category_of(" ".join(phrase), source)
        if category is None and source == "de":
            category = category_of(" ".join(words[:count]), source)
        if category is not None:
            return category
    return None


def _noun(facts: Facts, source: Language, language: Language, editor: Editor) -> Noun | None:
    """The noun of the category, else of the title, or for a product without either `product`."""
    last = facts.category.rsplit("/", maxsplit=1)[-1]
    category = category_of(last, source) or noun_in(facts.title, source)
    if category is None and not facts.title.strip() and not last.strip():
        category = categories()["product"]
    if category is None:
        return None
    noun = category[language]
    instead = {key_of(word): other for word, other in editor.voice.instead.items()}.get(key_of(noun.text))
    if instead is not None:
        other = category_of(instead, language)
        return other[language] if other else None
    return noun if editor.edited(noun.text) else None


def _in_material(looks: Looks, facts: Facts) -> bool:
    """Whether the material names one of the colours: silver earrings of sterling silver."""
    given = [material_items(raw) or [] for name, raw in facts.attributes.items() if _kind(name) == "material"]
    words = {word for items in given for _, material in items for word in re.findall(r"\w+", material.en)}
    return any(colour.en in words for colour in looks.colours)


def _kind(name: str) -> str:
    concept = concept_of(name)
    return concept.name if concept else ""


def _looks(raw: str, context: Context) -> tuple[Looks, list[Fact]]:
    """The colours of an attribute; as a bullet where they are unknown and cannot stand beside the noun."""
    parts = [colours().get(key_of(part)) for part in ([raw] if key_of(raw) in colours() else LIST_MARKS.split(raw))]
    known = [part for part in parts if part]
    if len(known) == len(parts):
        looks = Looks(tuple(dict.fromkeys(known)))
        return looks, [Fact("colour", _label("colour", _plain(known, context.language), context.language))]
    point = facts_of("colour", raw, context)
    if context.source == context.language != "fr" and PLAIN_WORDS.fullmatch(raw):
        return Looks(words=raw if context.language == "de" else raw[:1].lower() + raw[1:]), point
    return Looks(), point


def _plain(known: list[Colour], language: Language) -> str:
    return listed([colour.text(language) for colour in dict.fromkeys(known)], language)


def _material(raw: str, context: Context) -> tuple[str, str, list[Fact]]:
    """Material beside the noun, its bullet, and the sentence where it is a composition of several shares."""
    language, items = context.language, material_items(raw)
    if not items:
        if context.source == context.language == "en" and PLAIN_WORDS.fullmatch(raw) and len(raw.split()) < 3:
            return raw[:1].lower() + raw[1:], f"Made of {raw[:1].lower() + raw[1:]}", []
        return "", "", facts_of("material", raw, context)
    after = [percent(share, str(getattr(material, language)), language) for share, material in items]
    made = initial(MADE_OF[language].format(listed(after, language)))
    if len(items) > 1 and any(share for share, _ in items):
        words = listed(after if language != "fr" else [_of(share, item.fr) for share, item in items], language)
        says = filled(COMPOSED[language], context.noun, language, words, words, None) if context.noun else ""
        return "", "", [Fact("material", initial(listed(after, language)), says)]
    if language != "en":
        return listed(after, language), made, []
    return listed([percent(share, material.before, language) for share, material in items], language), made, []


def _of(share: str, word: str) -> str:
    """`80 % de coton`, `20 % d’élasthanne`."""
    of = "d\u2019" if word[:1].casefold() in set("aeiouéèêh") else "de "
    return percent(share, of + word, "fr") if share else word


def _audience(raw: str, context: Context) -> tuple[str, list[Fact]]:
    known = concepts()["audience"].values.get(key_of(raw))
    if known is None or context.noun is None:
        return "", facts_of("audience", raw, context)
    return known.words[context.language], []


def _label(name: str, text: str, language: Language) -> str:
    concept: Concept = concepts()[name]
    return f"{concept.label[language]}{COLON[language]} {text}"
