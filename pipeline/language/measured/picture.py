"""What the picture shows: the colours of the product, and its proportions."""

import numpy as np

from pipeline.core.arrays import Rgba
from pipeline.core.errors import Held
from pipeline.language.base import Facts, Subject
from pipeline.language.colours import FAMILIES, ColourShare, colours_of
from pipeline.language.lexicon.concepts import concept_of
from pipeline.language.lexicon.tables import colours
from pipeline.language.lexicon.words import LIST_MARKS, key_of

VISIBLE = 0.08  # colours below this share of the surface are not mentioned


def seen_colours(subject: Subject) -> tuple[str, ...]:
    """English names of the product's visible colours, largest share first: as the evidence has them, or measured."""
    known = [one for one in subject.evidence.measurements if one.kind == "colour" and (one.number or 0) >= VISIBLE]
    if known:
        return tuple(one.value for one in sorted(known, key=lambda one: -(one.number or 0)))
    return tuple(colour.name for colour in _visible(subject))


def attributes_of(subject: Subject) -> dict[str, str]:
    """The measured attributes of a caption. Raises Held when the picture shows no product."""
    return {
        "measured_colours": ", ".join(f"{colour.name} {colour.share:.0%}" for colour in _visible(subject)),
        "measured_height_over_width": f"{height_over_width(subject.picture):.2f}",
    }


def height_over_width(picture: Rgba) -> float:
    """Height divided by width of the product's bounding box. Raises Held when the picture shows no product."""
    rows, columns = (
        np.nonzero((picture[..., 3] >= 128).any(axis=1))[0],
        np.nonzero((picture[..., 3] >= 128).any(axis=0))[0],
    )
    if len(rows) == 0:
        raise Held(
            "the picture shows no product: no pixel is opaque",
            code="caption-empty-picture",
            remedy="Check the cut-out of this angle",
        )
    return float(rows[-1] - rows[0] + 1) / float(columns[-1] - columns[0] + 1)


def colour_notes(subject: Subject) -> tuple[str, ...]:
    """A note if the colour in shoot.yaml is not visible in the picture: a wrong colour causes returns."""
    given = given_colour(subject.facts)
    words = [key_of(given), *(colours()[key].en for key in _keys(given) if key in colours())]
    families = {family for name, family in FAMILIES.items() if any(name in word or family in word for word in words)}
    visible = _visible(subject)
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


def _visible(subject: Subject) -> tuple[ColourShare, ...]:
    return tuple(colour for colour in colours_of(subject.picture) if colour.share >= VISIBLE)


def _keys(given: str) -> list[str]:
    return [key_of(given), *(key_of(part) for part in LIST_MARKS.split(given))]
