import pytest

from pipeline.language.lexicon.tables import categories, colours
from pipeline.language.lexicon.words import Language, key_of
from pipeline.language.measured.grammar import Looks, article, noun_phrase, pronoun, some, this


def phrase(word: str, language: Language, colour: str = "", material: str = "", audience: str = "") -> str:
    looks = Looks(tuple(colours()[name] for name in colour.split(", ") if name))
    return noun_phrase(categories()[key_of(word)][language], looks, material, audience, language)


@pytest.mark.parametrize(
    ("words", "expected"),
    [("apron", "an"), ("mug", "a"), ("unisex shirt", "a"), ("umbrella", "an"), ("hour glass", "an"), ("LED lamp", "an"),
     ("USB cable", "a"), ("8 cm heel", "an"), ("18 V drill", "an"), ("1.8 m cable", "a"), ("180 cm chain", "a"),
     ("ABS shell", "an"), ("EVA sole", "an"), ("European oak table", "a"), ("100% cotton shirt", "a")],
)  # fmt: skip
def test_english_article_follows_the_sound(words: str, expected: str) -> None:
    assert article(words) == expected


@pytest.mark.parametrize(
    ("word", "language", "expected"),
    [
        ("mug", "en", "teal stoneware mug for women"),
        ("mug", "de", "Becher für Damen aus Steinzeug in Petrol"),
        ("mug", "fr", "mug bleu canard en grès pour femme"),
    ],
)
def test_colour_and_material_stand_where_the_language_puts_them(word: str, language: Language, expected: str) -> None:
    material = {"en": "stoneware", "de": "Steinzeug", "fr": "grès"}[language]
    audience = {"en": "women", "de": "Damen", "fr": "femme"}[language]
    assert phrase(word, language, "teal", material, audience) == expected


@pytest.mark.parametrize(
    ("word", "colour", "expected"),
    [("chair", "white", "chaise blanche"), ("mug", "white", "mug blanc"), ("sneakers", "white", "baskets blanches"),
     ("gloves", "green", "gants verts"), ("chair", "navy", "chaise bleu marine"),
     ("chair", "black, white", "chaise noir et blanc")],
)  # fmt: skip
def test_french_colour_agrees_with_its_noun(word: str, colour: str, expected: str) -> None:
    assert phrase(word, "fr", colour) == expected


def test_several_measured_colours_follow_the_largest() -> None:
    looks = Looks(tuple(colours()[name] for name in ("teal", "cream", "black")), seen=True)
    assert looks.text("en") == "teal with cream and black"
    assert looks.text("de") == "Petrol mit Creme und Schwarz"
    assert looks.text("fr") == "bleu canard, crème et noir"


@pytest.mark.parametrize(
    ("word", "language", "expected"),
    [
        ("mug", "en", ("This mug", "A mug", "It")),
        ("apron", "en", ("This apron", "An apron", "It")),
        ("trousers", "en", ("These trousers", "Trousers", "They")),
        ("olive oil", "en", ("This olive oil", "Olive oil", "It")),
        ("mug", "de", ("Dieser Becher", "Ein Becher", "Er")),
        ("lamp", "de", ("Diese Lampe", "Eine Lampe", "Sie")),
        ("book", "de", ("Dieses Buch", "Ein Buch", "Es")),
        ("sneakers", "de", ("Diese Sneaker", "Sneaker", "Sie")),
        ("olive oil", "de", ("Dieses Olivenöl", "Olivenöl", "Es")),
        ("mug", "fr", ("Ce mug", "Un mug", "Il")),
        ("lamp", "fr", ("Cette lampe", "Une lampe", "Elle")),
        ("watering can", "fr", ("Cet arrosoir", "Un arrosoir", "Il")),
        ("monitor", "fr", ("Cet écran", "Un écran", "Il")),
        ("hammock", "fr", ("Ce hamac", "Un hamac", "Il")),
        ("dumbbell", "fr", ("Cet haltère", "Un haltère", "Il")),
        ("sneakers", "fr", ("Ces baskets", "Des baskets", "Elles")),
        ("olive oil", "fr", ("Cette huile d’olive", "Huile d’olive", "Elle")),
    ],
)
def test_articles_and_pronouns_agree(word: str, language: Language, expected: tuple[str, str, str]) -> None:
    noun = categories()[key_of(word)][language]
    assert (this(noun, noun.text, language), some(noun, noun.text, language), pronoun(noun, language)) == expected
