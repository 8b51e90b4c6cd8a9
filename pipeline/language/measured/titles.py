"""Writes titles: the shop's own, or its known words in another language; and one for each channel with rules."""

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

from pipeline.language.base import Facts, TitleRule
from pipeline.language.checks import repeated
from pipeline.language.lexicon.tables import Category, Colour, Material, category_of, colours, forms, materials
from pipeline.language.lexicon.units import read_quantity
from pipeline.language.lexicon.words import COMMON, LANGUAGES, Language, initial, key_of, quoted
from pipeline.language.measured.editor import Editor
from pipeline.language.measured.grammar import MADE_OF, Looks, noun_phrase
from pipeline.language.measured.product import ENDS, Product
from pipeline.language.measured.source import LONGEST, votes

Token = tuple[str, Category | Colour | Material | str | None]  # its words, and what they are known as
ADJECTIVE = re.compile(r"(?:e|er|es|en|em)$|^(?:Grand|Petit|Beau|Nouveau|Joli|Gros|Long|Mini|Lot)s?$")
WORD = re.compile(r"\w+(?:[-'\u2019]\w+)*")


@dataclass
class _Parts:
    """A title taken apart. `name`: words that name the model; `left`: words that no language's lexicon has."""

    category: Category | None = None
    colours: list[Colour] = field(default_factory=list)
    materials: list[Material] = field(default_factory=list)
    sizes: list[str] = field(default_factory=list)
    name: list[str] = field(default_factory=list)
    left: list[str] = field(default_factory=list)


def full_title(facts: Facts, product: Product, editor: Editor) -> tuple[str, tuple[str, ...]]:
    """Brand and title, the brand once; and the words of a title in another language that could not be translated."""
    brand = editor.title(product.brand)
    title, left = _translated(_without_brand(facts.title.strip(), product.brand, product.source), product)
    title = editor.title(title) or editor.title(product.noun.text if product.noun else facts.category.split("/")[-1])
    if not brand or key_of(brand) in key_of(title):
        return initial(title), left
    return f"{brand} {_after_brand(title, product.language)}".strip(), left


def channel_titles(title: str, product: Product, rules: Sequence[TitleRule], editor: Editor) -> dict[str, str]:
    """The title for each channel with rules: followed by colour, material, sizes and for whom, as far as they fit."""
    stuff = product.material
    additions = [
        "" if product.twice else product.looks.text(product.language, product.noun.form if product.noun else 0),
        stuff if product.language == "en" or not stuff else MADE_OF[product.language].format(stuff),
        *(fact.tag for fact in product.facts),
    ]
    allowed = [text for addition in additions if (text := editor.edited(addition))]
    return {rule.channel: _by_rule(title, allowed, rule) for rule in rules}


def _after_brand(title: str, language: Language) -> str:
    """The title with a small first letter where that is how the lexicon writes its first words: a plant pot."""
    words, small = title.split(), COMMON[language]
    sentence = len(words) == 1 or any(word[:1].islower() and key_of(word) not in small for word in words[1:])
    if language == "de" or not sentence:
        return title
    for count in range(min(LONGEST, len(words)), 0, -1):
        phrase = " ".join(words[:count]).rstrip(",;:")
        known = _known(phrase, language)
        if known is not None and key_of(phrase) in forms(language):
            return title if _capital(known, language) else title[:1].lower() + title[1:]
    return title


def _capital(known: Category | Colour | Material, language: Language) -> bool:
    if isinstance(known, Colour):
        return known.text(language)[:1].isupper()
    return (known.before if isinstance(known, Material) else known[language].text)[:1].isupper()


def _by_rule(title: str, additions: list[str], rule: TitleRule) -> str:
    text = _whole_words(_without_repeats(title, rule.repeats), rule.characters)
    for addition in additions:
        longer = f"{text}, {addition}"
        known = key_of(addition) in key_of(text)
        fits = len(longer) <= rule.characters and not (rule.repeats and repeated(longer, rule.repeats))
        text = longer if fits and not known else text
    return text


def _without_repeats(title: str, times: int | None) -> str:
    """The title without any word's occurrences after the first `times`."""
    counts: Counter[str] = Counter()
    kept = []
    for part in title.split():
        words = [word.casefold() for word in WORD.findall(part)]
        if times is None or all(counts[word] + words.count(word) <= times for word in words):
            kept.append(part)
            counts.update(words)
    return " ".join(kept)


def _whole_words(text: str, limit: int) -> str:
    """`text` cut between words, without an ellipsis; a single word that is too long is cut within."""
    if len(text) <= limit:
        return text
    head, _, _ = text[: limit + 1].rpartition(" ")
    return (head or text[:limit]).rstrip(" ,;:.-–")


def _without_brand(title: str, brand: str, source: Language) -> str:
    """The title without words at its start that the brand starts with, unless they say what the product is."""
    if brand and key_of(title).startswith(f"{key_of(brand)} "):
        return title[len(brand) :].strip(" -–:,") or title
    if not brand or key_of(brand) in key_of(title):
        return title
    words, first = title.split(), brand.split()
    same = 0
    while same < min(len(words) - 1, len(first)) and key_of(words[same]) == key_of(first[same]):
        same += 1
    if any(_known(word, source) or key_of(word) in COMMON[source] for word in words[:same]):
        return title
    return " ".join(words[same:]) if same else title


def _translated(title: str, product: Product) -> tuple[str, tuple[str, ...]]:
    """The title in the text's language, or as it is where it already is, or names only a model."""
    counts = votes(title)
    most = max(counts.values())
    given = product.source if counts[product.source] == most else product.language
    if most == 0 or (counts[product.language] == most and given == product.language):
        return title, ()
    source = given if counts[given] == most else next(one for one in LANGUAGES if counts[one] == most)
    parts = _apart([_consistent(token, product) for token in _tokens(title, source)], source)
    noun = parts.category[product.language] if parts.category else None
    if noun is None or product.noun is None or noun.text != product.noun.text:
        return title, ()  # no noun, or one that contradicts the shop's category
    looks = Looks(tuple(parts.colours))
    stuff = " ".join(_word(material, product.language) for material in parts.materials[:1])
    phrase = noun_phrase(noun, looks, stuff, "", product.language)
    name = " ".join(parts.name)
    if name and product.language == "en":
        phrase = f"{name} {phrase}"
    elif name:
        phrase = f"{noun.text} {quoted(name, product.language)}{phrase.removeprefix(noun.text)}"
    sizes = [quantity.text(product.language) for size in parts.sizes if (quantity := read_quantity(size, source))]
    return ", ".join([phrase, *sizes]), tuple(parts.left)


def _word(material: Material, language: Language) -> str:
    return material.before if language == "en" else str(getattr(material, language))


def _consistent(token: Token, product: Product) -> Token:
    """The token, as an unknown word if it is a colour that the product does not have: the mint of a shampoo."""
    words, known = token
    return (words, None) if isinstance(known, Colour) and known not in product.looks.colours else token


def _tokens(title: str, source: Language) -> list[Token]:
    """The title's words, those together that the lexicon knows together."""
    words, tokens, at = title.split(), list[Token](), 0
    while at < len(words):
        for count in range(min(LONGEST, len(words) - at), 0, -1):
            phrase = " ".join(words[at : at + count]).strip(",;()")
            quantity = read_quantity(phrase, source)
            known = _known(phrase, source) or (phrase if quantity and quantity.unit else None)
            if known or count == 1:
                tokens.append((phrase, known))
                at += count
                break
    return tokens


def _known(phrase: str, source: Language) -> Category | Colour | Material | None:
    key = key_of(phrase)
    return category_of(phrase, source) or colours().get(key) or materials().get(key)


def _apart(tokens: list[Token], source: Language) -> _Parts:
    parts = _Parts()
    nouns = [at for at, (words, known) in enumerate(tokens) if isinstance(known, dict)]
    ends = next((at for at, (words, known) in enumerate(tokens) if ENDS.fullmatch(words)), len(tokens))
    before = [at for at in nouns if at < ends] or nouns
    head = (before[-1] if source == "en" else before[0]) if before else -1
    for at, (words, known) in enumerate(tokens):
        if at == head and isinstance(known, dict):
            parts.category = known
        elif source == "fr" and _names(tokens, at, head, source):
            parts.name.append(words)
        elif isinstance(known, Colour):
            parts.colours.append(known)
        elif isinstance(known, Material):
            parts.materials.append(known)
        elif isinstance(known, str):
            parts.sizes.append(words)
        elif _names(tokens, at, head, source):
            parts.name.append(words)
        elif key_of(words) not in COMMON[source]:
            parts.left.append(words)
    return parts


def _names(tokens: list[Token], at: int, head: int, source: Language) -> bool:
    """Whether the word at `at` is part of a model's name: capitals at the start in English, after the noun elsewhere.

    After its first word, a name in German or French goes on to the next word that is known: Perle de lune.
    """
    span = tokens[: at + 1] if source == "en" else tokens[head + 1 : at + 1]
    if source != "en" and at < head:
        return all(_only_a_name(words, known) for words, known in tokens[:head])
    if source == "fr" and span and at > head and span[0][0][:1].isupper():  # only names have capitals in French
        return all(not ENDS.fullmatch(words) for words, _ in span)
    if not span or (source != "en" and at <= head) or not _begins_name(span[0]):
        return False
    for number, token in enumerate(span[1:], 1):
        words, known = token
        goes_on = words == "&" or span[number - 1][0] == "&" or (source != "en" and known is None)
        if ENDS.fullmatch(words) or (not goes_on and not _begins_name(token)):
            return False
    return True


def _only_a_name(words: str, known: object) -> bool:
    """Whether a word before a German or French noun can be a name only: adjectives stand there too."""
    return known is None and words[:1].isupper() and not ADJECTIVE.search(words)


def _begins_name(token: Token) -> bool:
    """A word with a capital or a digit that is no colour, material or size; a noun may be part of a name."""
    words, known = token
    return (known is None or isinstance(known, dict)) and (words[:1].isupper() or words[:1].isdigit())
