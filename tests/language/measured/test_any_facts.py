"""Whatever a shop states, the texts are whole, within their limits, and state no other number."""

import re
from decimal import Decimal

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pipeline.core.domain import Angle
from pipeline.core.evidence import Evidence, Measurement, Reading
from pipeline.core.records import Caption
from pipeline.language import measured
from pipeline.language.base import Facts, Subject, TitleRule, Voice
from pipeline.language.checks import BULLET, BULLETS, LIMITS, repeated
from pipeline.language.lexicon.concepts import concepts
from pipeline.language.lexicon.tables import categories, colours, countries, materials
from pipeline.language.lexicon.words import LANGUAGES, Language
from pipeline.language.views import view_words
from pipeline.language.voices import banned_in
from tests.language.subjects import DESK, shirt

PICTURE = shirt((26, 128, 126))[::8, ::8].copy()
FRONT = Angle(name="front", azimuth_deg=0.0)
TYPED = st.text(st.characters(categories=("L", "N", "P", "S", "Zs"), max_codepoint=0x2FF), min_size=1, max_size=40)
NUMBERS = st.from_regex(r"[1-9][0-9]{0,3}([.,][0-9]{1,2})?", fullmatch=True)
UNITS = st.sampled_from(
    ("ml", "l", "cl", "fl oz", "g", "kg", "cm", "mm", "m", "in", "W", "V", "lm", "%", "°C")
) | st.sampled_from(("h", "H", "min", "years", "months", "Stunden", "heures", "x"))
QUANTITIES = st.builds("{} {}".format, NUMBERS, UNITS) | st.builds("{} x {} cm".format, NUMBERS, NUMBERS)
KNOWN = st.sampled_from(
    sorted({*colours(), *materials(), *countries(), *(word for one in concepts().values() for word in one.values)})
)
LISTS = st.lists(KNOWN, min_size=2, max_size=3).map(", ".join)
VALUES = TYPED | QUANTITIES | KNOWN | LISTS | NUMBERS | st.builds("{}% {}".format, NUMBERS, KNOWN)
LABELS = sorted({label for concept in concepts().values() for label in concept.label.values()})
NAMES = st.sampled_from(LABELS) | TYPED
NOUNS = st.sampled_from(sorted({noun.text for category in categories().values() for noun in category.values()}))
FACTS = st.builds(
    Facts,
    title=TYPED | NOUNS | st.builds("{} {} {}".format, TYPED, KNOWN, NOUNS) | st.just(""),
    brand=TYPED | st.just(""),
    category=NOUNS | TYPED | st.just(""),
    attributes=st.dictionaries(NAMES, VALUES, max_size=9),
)
RULES = (TitleRule(channel="google", characters=150), TitleRule(channel="amazon_main", characters=60, repeats=2))


def numbers(text: str) -> set[Decimal]:
    return {Decimal(found.replace(",", ".")) for found in re.findall(r"[0-9]+(?:[.,][0-9]+)?", text)}


def whole_numbers(text: str) -> set[Decimal]:
    return {Decimal(found) for found in re.findall(r"[0-9]+", text)}


def texts_of(caption: Caption) -> list[str]:
    texts = [caption.title, caption.description, *caption.bullets, *caption.titles.values()]
    return [*texts, *caption.alt_texts.values(), caption.prompt]


def subject_of(facts: Facts, language: Language, voice: Voice, reading: str) -> Subject:
    evidence = Evidence(
        facts={"title": facts.title, **facts.attributes},
        measurements=(Measurement(name="colour.teal", kind="colour", value="teal", number=0.8),),
        readings=(Reading(number=0, text=reading, photo="a", box=(0, 0, 9, 9), score=0.95),),
    )
    return Subject(PICTURE, FRONT, facts, language, (), evidence, RULES, voice)


@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(facts=FACTS, language=st.sampled_from(LANGUAGES), reading=TYPED)
def test_any_facts_give_whole_texts_within_their_limits(facts: Facts, language: Language, reading: str) -> None:
    caption = measured.write(subject_of(facts, language, Voice(), reading), measured.Params(), DESK).caption
    for text in texts_of(caption):
        assert text == " ".join(text.split()) and "  " not in text
    for made in ("“”", "„“", "« »", "{v}", "{d}", "{a}", ": .", " ,"):
        given_text = f"{facts.text} {reading}"
        assert made.strip() in given_text or all(made not in text for text in (caption.description, *caption.bullets))
    assert all(0 < len(getattr(caption, name)) <= limit for name, limit in LIMITS.items())
    assert len(caption.bullets) <= BULLETS and all(0 < len(bullet) <= BULLET for bullet in caption.bullets)
    for rule in RULES:
        assert 0 < len(caption.titles[rule.channel]) <= rule.characters
        assert rule.repeats is None or repeated(caption.titles[rule.channel], rule.repeats) == ()


@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(facts=FACTS, language=st.sampled_from(LANGUAGES), reading=TYPED)
def test_every_number_in_the_texts_is_given(facts: Facts, language: Language, reading: str) -> None:
    caption = measured.write(subject_of(facts, language, Voice(), reading), measured.Params(), DESK).caption
    given_text = f"{facts.text}\n{reading}"
    known = numbers(given_text) | whole_numbers(given_text) | numbers(re.sub(r"(\d)[.,](\d{3})\b", r"\1\2", given_text))
    known |= (
        {Decimal(number) for number in (30, 40, 60)} if "°" in given_text or "wash" in given_text.lower() else set()
    )
    for text in texts_of(caption):
        assert numbers(text) <= known, text


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    facts=FACTS,
    language=st.sampled_from(LANGUAGES),
    banned=st.lists(KNOWN | NOUNS | TYPED.map(str.strip).filter(bool), max_size=4).map(tuple),
    instead=st.dictionaries(NOUNS, NOUNS, max_size=2),
)
def test_no_text_has_a_banned_word(facts: Facts, language: Language, banned: tuple[str, ...], instead) -> None:
    voice = Voice(banned=banned, instead=instead)
    caption = measured.write(subject_of(facts, language, voice, "HARBOUR"), measured.Params(), DESK).caption
    shown = [caption.title, caption.description, *caption.bullets, *caption.titles.values()]
    for text in (*shown, caption.alt_text.removesuffix(f", {view_words(FRONT, language)}")):
        assert banned_in(text, voice) == ()
