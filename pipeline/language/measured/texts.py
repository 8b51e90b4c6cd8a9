"""Puts a product's phrases together: description, bullets, alt text and prompt."""

import re
from dataclasses import replace
from difflib import SequenceMatcher

from pipeline.core.evidence import Evidence, Reading
from pipeline.language.checks import BULLET, BULLETS, LIMITS, cut
from pipeline.language.claims.find import PRICE
from pipeline.language.lexicon.words import Language, initial, key_of, listed, quoted
from pipeline.language.measured.editor import Editor
from pipeline.language.measured.facts import Fact
from pipeline.language.measured.grammar import AND, BY, MADE_OF, pronoun, some, this
from pipeline.language.measured.product import Product

SENTENCES, CLAUSE = 4, 3  # most sentences; most facts that share a verb
SCORE = 0.9  # of a reading that is quoted
READABLE = re.compile(r"(?=(?:.*?[^\W\d_]{3}){2})[\w &'\u2019.,!-]{7,40}")  # two words, no sign that is often misread
MISREAD = 0.75  # least similarity, 0 to 1, of a text and a fact that it repeats with errors
READS: dict[Language, tuple[str, str]] = {
    "en": ("It reads {}.", "They read {}."),
    "de": ("Darauf steht {}.", "Darauf steht {}."),
    "fr": ("On y lit {}.", "On y lit {}."),
}
MEASURES: dict[Language, tuple[str, str]] = {"en": ("is", "are"), "de": ("ist", "sind"), "fr": ("mesure", "mesurent")}
BE: dict[Language, tuple[str, ...]] = {
    "en": ("is", "are"),
    "de": ("ist", "sind", "wird", "werden"),
    "fr": ("est", "sont"),
}
HAVE: dict[Language, tuple[str, ...]] = {"en": ("has", "have"), "de": ("hat", "haben"), "fr": ("a", "ont")}
SHARED: dict[Language, tuple[str, ...]] = {  # verbs that values of one attribute share: dishwasher and microwave safe
    "en": ("is", "are"),
    "de": ("ist", "sind"),
    "fr": ("est", "sont", "passe", "passent"),
}
COLOURED: dict[Language, str] = {"en": "in {}", "de": "in {}", "fr": "coloris {}"}


def description(product: Product, title: str, evidence: Evidence, editor: Editor) -> str:
    """Two to four sentences within the limit; fewer where nothing more is known."""
    reading = _reading(product, evidence, editor)
    clauses = [clause for clause in _clauses(product, editor) if editor.edited(clause)]
    paired = _paired(clauses, product.language, alone=not reading)
    written = _opening(product, title, paired[:1], editor)
    for clause in paired[1 : SENTENCES - bool(reading)]:
        written.append(f"{pronoun(product.noun, product.language)} {clause}." if product.noun else "")
    written += [reading] if reading else []
    if len(written) < 2 or product.noun is None:
        silent = [fact.point for fact in product.facts if fact.name != "colour" and (fact.silent or not product.noun)]
        written += [f"{point.rstrip(' .,;:')}." for point in silent[: SENTENCES - len(written)]]
    return _within([text for sentence in written if (text := editor.edited(sentence))], LIMITS["description"])


def bullets(product: Product, editor: Editor) -> tuple[str, ...]:
    """At most five; facts that no sentence says come before those that one does."""
    colour = [fact for fact in product.facts if fact.name == "colour"]
    others = _measured_together([fact for fact in product.facts if fact.name != "colour"], product.language)
    made = [Fact("material", product.made)] if product.made else []
    wanted = [*made, *others, *colour]
    hidden = not product.looks.text(product.language)
    first = [fact for fact in wanted if fact.silent and (fact.name != "colour" or hidden)]
    kept = [*first, *(fact for fact in wanted if fact not in first)][:BULLETS]
    texts = [editor.edited(initial(fact.point)) for fact in wanted if fact in kept]
    return tuple(dict.fromkeys(text for text in texts if text and len(text) <= BULLET))


def _measured_together(facts: list[Fact], language: Language) -> list[Fact]:
    """The facts with the stated width, depth and height in one bullet."""
    measures = [fact.measure for fact in facts if fact.measure and not fact.measured]
    if len(measures) < 2:
        return facts
    first = next(at for at, fact in enumerate(facts) if fact.measure in measures)
    one = replace(facts[first], point=initial(listed(measures, language)))
    return [
        one if at == first else fact for at, fact in enumerate(facts) if at == first or fact.measure not in measures
    ]


def alt_words(product: Product, title: str, editor: Editor) -> str:
    """What a picture shows, without its view: the product with its colours, or where no noun is known its title."""
    phrase = editor.edited(product.phrase) if product.noun else None
    if phrase:
        return initial(phrase)
    colours = product.looks.text(product.language)
    title = cut(title, LIMITS["title"])
    if not colours or key_of(colours) in key_of(title):
        return title
    return editor.edited(f"{title}, {COLOURED[product.language].format(colours)}") or title


def prompt(english: Product) -> str:
    """What stands in the picture, in English, for the diffusion. `english`: the product in that language."""
    if english.noun is None:
        return f"a product photo of one {english.looks.text('en')} product".replace("  ", " ")
    return f"a product photo of {'' if english.noun.plural else 'one '}{replace(english, audience='').phrase}"


def _opening(product: Product, title: str, clauses: list[str], editor: Editor) -> list[str]:
    """The first sentence: what the product is, whose it is, and its first facts."""
    by = BY[product.language].format(product.brand) if product.brand else ""
    if product.noun is None:
        parts = [title if not product.brand or key_of(product.brand) in key_of(title) else f"{title} {by}"]
        if product.material and key_of(product.material) not in key_of(title):
            parts.append(MADE_OF[product.language].format(product.material))
        colours = product.looks.text(product.language)
        if colours and key_of(colours) not in key_of(title):
            parts.append(COLOURED[product.language].format(colours))
        return [f"{', '.join(parts)}."]
    named = f"{product.phrase} {by}".strip()
    if not editor.edited(named):
        named = product.phrase
    if not clauses:
        return [f"{some(product.noun, named, product.language)}."]
    return [f"{this(product.noun, named, product.language)} {clauses[0]}."]


def _clauses(product: Product, editor: Editor) -> list[str]:
    """The predicates in the order of shoot.yaml; facts with the same verb share it, lengths share one list."""
    if product.noun is None:
        return []
    language, plural = product.language, int(product.noun.plural)
    kept = [fact for fact in product.facts if editor.edited(fact.says or fact.measure or "-")]
    measures = [fact.measure for fact in kept if fact.measure]
    groups: dict[str, list[str]] = {}
    for number, fact in enumerate(kept):
        if fact.measure:
            groups.setdefault("measure", [f"{MEASURES[language][plural]} {listed(measures, language)}"])
        elif fact.says:
            verb, _, rest = fact.says.partition(" ")
            plain = f" {AND[language]} " not in rest
            key = f"{verb} {number}"
            if plain and verb in HAVE[language]:
                key = verb
            elif plain and verb in SHARED[language]:
                key = f"{verb} {fact.name}"
            while len(groups.get(key, ())) >= CLAUSE:
                key += " "
            groups.setdefault(key, []).append(rest if groups.get(key) else fact.says)
    return [listed(group, language) for group in groups.values()]


def _paired(clauses: list[str], language: Language, *, alone: bool) -> list[str]:
    """The predicates of the sentences: two clauses each, with different verbs where possible; a list stays alone.

    `alone`: no other sentence follows, so that two clauses make two sentences.
    """
    conjunction = f" {AND[language]} "
    if alone and len(clauses) == 2:
        return clauses
    paired: list[str] = []
    rest = list(clauses)
    while rest:
        first = rest.pop(0)
        others = [] if conjunction in first else rest
        second = next((other for other in others if _verb(other) != _verb(first)), None)
        second = second or next((other for other in others if _verb(other) in BE[language]), None)
        if second is None:
            paired.append(first)
            continue
        rest.remove(second)
        same = _verb(second) == _verb(first) and language != "fr"
        paired.append(f"{first}{conjunction}{second.partition(' ')[2] if same else second}")
    return paired


def _verb(clause: str) -> str:
    """The first word, and the next one after a reflexive pronoun."""
    words = clause.split()
    return " ".join(words[:2]) if words[0] in {"se", "s\u2019"} else words[0]


def _reading(product: Product, evidence: Evidence, editor: Editor) -> str:
    """The sentence that quotes the largest text read off the product with a high score.

    A text that repeats the facts is left out, since the facts are said already, and often it repeats them with errors.
    """
    facts = " ".join(map(key_of, evidence.facts.values()))
    for reading in sorted(evidence.readings, key=_area, reverse=True):
        words = READABLE.fullmatch(reading.text)
        if not words or reading.score < SCORE or PRICE.search(reading.text) or _repeats(key_of(reading.text), facts):
            continue
        plural = bool(product.noun and product.noun.plural)
        sentence = READS[product.language][plural].format(quoted(reading.text, product.language))
        if editor.edited(sentence) == sentence:
            return sentence
    return ""


def _repeats(text: str, facts: str) -> bool:
    blocks = SequenceMatcher(None, text, facts, autojunk=False).get_matching_blocks()
    return sum(block.size for block in blocks if block.size > 3) >= MISREAD * len(text)


def _area(reading: Reading) -> int:
    return reading.box[2] * reading.box[3]


def _within(sentences: list[str], limit: int) -> str:
    """As many whole sentences as fit, and the start of the first if it alone is too long."""
    text = ""
    for sentence in sentences:
        longer = f"{text} {sentence}".strip()
        if len(longer) > limit:
            break
        text = longer
    return text or cut(sentences[0] if sentences else "", limit)
