"""Writes captions from shoot.yaml and from measurements of the picture only, without weights or network."""

from typing import Literal

import numpy as np

from pipeline.core.arrays import Rgba
from pipeline.core.domain import Frozen
from pipeline.core.errors import BadInput, Held
from pipeline.core.records import Caption
from pipeline.language.base import Desk, Facts, Subject, Written
from pipeline.language.checks import LIMITS, cut
from pipeline.language.colours import FAMILIES, ColourShare, colours_of
from pipeline.language.views import alt_texts, view_words

VISIBLE = 0.08  # colours below this share of the surface are not mentioned
COLOUR_KEYS = ("colour", "color", "colours", "colors")


class Params(Frozen):
    """The engine has no settings."""

    engine: Literal["measured"] = "measured"


def require_here(params: Params) -> str:  # noqa: ARG001 - the engine is part of this package, whatever its settings
    """Return what would run on this machine."""
    return "measured"


def write(subject: Subject, params: Params, desk: Desk) -> Written:  # noqa: ARG001 - no settings, and free of charge
    """Describe the subject in short factual sentences. Raises BadInput for another language, Held when empty."""
    if subject.language.split("-")[0] != "en":
        raise BadInput(
            f"the caption engine `measured` writes English, not {subject.language!r}",
            remedy="Set language: en for the step caption, or use another engine",
        )
    colours = [colour for colour in colours_of(subject.picture) if colour.share >= VISIBLE]
    ratio = height_over_width(subject.picture)
    facts = subject.facts
    views = {angle.name: view_words(angle) for angle in subject.angles}
    texts = alt_texts(f"{_title(facts)}, {_colour_words(colours)}", views)
    caption = Caption(
        engine="measured",
        language=subject.language,
        title=cut(_title(facts), LIMITS["title"]),
        description=cut(_description(facts, colours, ratio), LIMITS["description"]),
        alt_text=texts[subject.angle.name],
        alt_texts=texts,
        attributes={**facts.attributes, **_measured_attributes(colours, ratio)},
        prompt=cut(_prompt(facts, colours), LIMITS["prompt"]),
    )
    return Written(caption=caption, notes=_notes(facts, colours))


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


def given_colour(facts: Facts) -> str | None:
    """The colour in shoot.yaml's attributes, if any."""
    return next((value for name, value in facts.attributes.items() if name.lower() in COLOUR_KEYS), None)


def _title(facts: Facts) -> str:
    title = facts.title or facts.category or "Product"
    return title if not facts.brand or facts.brand.lower() in title.lower() else f"{facts.brand} {title}"


def _description(facts: Facts, colours: list[ColourShare], ratio: float) -> str:
    sentences = [f"{_title(facts)}."]
    if facts.attributes:
        pairs = ", ".join(f"{name.replace('_', ' ')} {value}" for name, value in facts.attributes.items())
        sentences.append(f"{pairs[0].upper()}{pairs[1:]}.")
    sentences.append(f"Measured in the picture: {_colour_words(colours)}, {_proportion(ratio)}.")
    return " ".join(sentences)


def _prompt(facts: Facts, colours: list[ColourShare]) -> str:
    colour = given_colour(facts) or " and ".join(entry.name for entry in colours[:2])
    material = facts.attributes.get("material", "")
    noun = (facts.category or facts.title or "product").split("/")[-1].strip().lower()
    phrase = " ".join(word for word in (colour.lower(), material.lower(), noun) if word)
    return f"a product photo of one {phrase}"


def _colour_words(colours: list[ColourShare]) -> str:
    first, *others = [colour.name for colour in colours] or ["many colours"]
    if not others:
        return first
    return f"mostly {first} with {' and '.join(others[:2])}"


def _proportion(ratio: float) -> str:
    if 0.95 <= ratio <= 1.05:
        return "as tall as it is wide"
    if ratio > 1:
        return f"{ratio:.1f} times as tall as it is wide"
    return f"{1 / ratio:.1f} times as wide as it is tall"


def _measured_attributes(colours: list[ColourShare], ratio: float) -> dict[str, str]:
    return {
        "measured_colours": ", ".join(f"{colour.name} {colour.share:.0%}" for colour in colours),
        "measured_height_over_width": f"{ratio:.2f}",
    }


def _notes(facts: Facts, colours: list[ColourShare]) -> tuple[str, ...]:
    """A note if the colour in shoot.yaml is not visible in the picture: a wrong colour causes returns."""
    given = (given_colour(facts) or "").lower()
    families = {family for name, family in FAMILIES.items() if name in given or family in given}
    visible = {colour.family for colour in colours}
    if families and not families & visible:
        return (f"shoot.yaml gives the colour {given!r}; the picture shows {_colour_words(colours)}",)
    return ()
