"""The colours of the product: those of the evidence, or as its picture shows them."""

from pipeline.language.base import Facts, Subject
from pipeline.language.colours import FAMILIES, colours_of
from pipeline.language.lexicon.concepts import concept_of
from pipeline.language.lexicon.tables import colours
from pipeline.language.lexicon.words import LIST_MARKS, key_of

VISIBLE = 0.08  # colours below this share of the surface are not mentioned


def seen_colours(subject: Subject) -> tuple[str, ...]:
    """English names of the product's colours, largest share first: those of the evidence, else of the picture.

    Raises Held when there is no such evidence, and the picture shows no product.
    """
    known = [one for one in subject.evidence.measurements if one.kind == "colour" and (one.number or 0) >= VISIBLE]
    if known:
        return tuple(one.value for one in sorted(known, key=lambda one: -(one.number or 0)))
    return tuple(colour.name for colour in colours_of(subject.picture) if colour.share >= VISIBLE)


def colour_notes(facts: Facts, seen: tuple[str, ...]) -> tuple[str, ...]:
    """A note if the colour in shoot.yaml is not visible: a wrong colour causes returns."""
    given = given_colour(facts)
    words = [key_of(given), *(colours()[key].en for key in _keys(given) if key in colours())]
    families = {family for name, family in FAMILIES.items() if any(name in word or family in word for word in words)}
    if families and not families & {FAMILIES[name] for name in seen if name in FAMILIES}:
        return (f"shoot.yaml gives the colour {given!r}; the pictures show {', '.join(seen)}",)
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
