import pytest

from pipeline.core.evidence import Evidence, Measurement
from pipeline.language.lexicon.tables import categories
from pipeline.language.measured.facts import Context
from pipeline.language.measured.measures import certain, measured_facts


def measured(kind, name, value, number, photos=("A", "B")):
    unit = "mm" if kind == "size" else ""
    return Measurement(kind=kind, name=name, value=value, number=number, unit=unit, photos=photos)


WIDTH = measured("size", "width", "88 mm", 88.0)
GLOSSY = measured("gloss", "gloss", "glossy", 0.03)
STRIPED = measured("pattern", "pattern", "striped", 0.9)


def facts(*measures, stated=(), language="en"):
    context = Context(language, language, categories()["mug"][language])
    return measured_facts(certain(Evidence(measurements=measures)), stated, context)


@pytest.mark.parametrize(
    ("measure", "language", "point", "says"),
    [
        (WIDTH, "en", "Width: about 88 mm (measured)", "about 88 mm wide"),
        (WIDTH, "de", "Breite: etwa 88 mm (gemessen)", "etwa 88 mm breit"),
        (WIDTH, "fr", "Largeur : environ 88 mm (mesuré)", "environ 88 mm de large"),
        (measured("size", "height", "240 mm", 240.0), "en", "Height: about 24 cm (measured)", "about 24 cm tall"),
        (GLOSSY, "de", "Oberfläche: glänzend (gemessen)", "hat eine glänzende Oberfläche"),
        (STRIPED, "fr", "Motif : rayures (mesuré)", "est à rayures"),
    ],
)
def test_measure_is_said_and_labelled_as_measured(measure, language, point, says):
    (fact,) = facts(measure, language=language)
    assert (fact.point, fact.measure or fact.says, fact.measured) == (point, says, True)


@pytest.mark.parametrize(
    "unsure",
    [
        measured("pattern", "pattern", "striped", 0.65),
        measured("pattern", "pattern", "printed", 0.99),
        measured("pattern", "pattern", "patterned", 0.99),
        measured("pattern", "pattern", "plain", 1.0),
        measured("gloss", "gloss", "glossy", 0.03, ("A",)),
        measured("proportion", "proportion", "as tall as it is wide", 1.0),
    ],
)
def test_uncertain_measure_is_not_said(unsure):
    assert facts(unsure) == []


@pytest.mark.parametrize(
    ("stated", "kept"),
    [
        ({"width"}, {"finish", "pattern"}),
        ({"diameter"}, {"finish", "pattern"}),
        ({"finish", "pattern"}, {"width"}),
        ({"height"}, {"width", "finish", "pattern"}),
    ],
)
def test_what_the_shop_states_is_left_to_it(stated, kept):
    assert {fact.name for fact in facts(WIDTH, GLOSSY, STRIPED, stated=stated)} == kept
