"""The colours of the product: those of the evidence, or as its picture shows them."""

from pipeline.core.arrays import Rgba
from pipeline.core.evidence import Evidence
from pipeline.language.base import Facts
from pipeline.language.colours import FAMILIES, ColourShare, colours_of
from pipeline.language.lexicon.concepts import concept_of
from pipeline.language.lexicon.tables import colours
from pipeline.language.lexicon.words import LIST_MARKS, key_of

VISIBLE = 0.08  # colours below this share of the surface are not mentioned


def visible_colours(picture: Rgba) -> tuple[ColourShare, ...]:
    """The colours that a shopper would name. Raises Held when the picture shows no product."""
    return tuple(colour for colour in colours_of(picture) if colour.share >= VISIBLE)


def seen_colours(evidence: Evidence, visible: tuple[ColourShare, ...]) -> tuple[str, ...]:
    """English names of the product's colours, largest share first: those of the evidence, or of the picture."""
    known = [one for one in evidence.measurements if one.kind == "colour" and (one.number or 0) >= VISIBLE]
    if known:
        return tuple(one.value for one in sorted(known, key=lambda one: -(one.number or 0)))
    return tuple(colour.name for colour in visible)


def colour_notes(facts: Facts, visible: tuple[ColourShare, ...]) -> tuple[str, ...]:
    """A note if the colour in shoot.yaml is not visible in the picture: a wrong colour causes returns."""
    given = given_colour(facts)
    words = [key_of(given), *(colours()[key].en for key in _keys(given) if key in colours())]
    families = {family for name, family in FAMILIES.items() if any(name in word or family in word for word in words)}
    if families and not families & {colour.family for colour in visible}:
        shown = ", ".join(colour.name for colour in visible)
        return (f"shoot.yaml gives the colour {given!r}; the picture shows {shown}",)
    return ()


def given_colour(facts: Facts) -> str:
    """The colour in shoot.yaml's attributes, or nothing."""
    for name, value in facts.attributes.items():
        concept = concept_of(name)
        if concept is not None and concept.name == "colour":
            return value
    return ""


def _keys(given: str) -> list[str]:
    return [key_of(given), *(key_of(part) for part in LIST_MARKS.split(given))]
