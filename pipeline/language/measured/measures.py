"""What was measured in the photos, in the phrases of attributes: sizes where one is stated, pattern and gloss."""

from collections.abc import Collection
from dataclasses import replace

from pipeline.core.evidence import Evidence, Measurement
from pipeline.language.lexicon.words import Language
from pipeline.language.measured.facts import Context, Fact, facts_of

PATTERNS = {"striped": 0.7, "checked": 0.76, "dotted": 0.8}
"""Least strength, 0.1 above that at which the measure names the pattern. A print's strength is its size: never said."""
PHOTOS = 2  # that agree on the gloss: one alone may show the reflection of a lamp
ROUND = frozenset(("dimensions", "diameter"))  # attributes that say how wide the product is by other words
CM = 100.0  # mm from which a size is said in cm
ABOUT: dict[Language, str] = {"en": "about {}", "de": "etwa {}", "fr": "environ {}"}
LABEL: dict[Language, str] = {"en": "measured", "de": "gemessen", "fr": "mesuré"}


def certain(evidence: Evidence) -> tuple[Measurement, ...]:
    """The sizes, the pattern and the gloss that are measured clearly enough to be said."""
    return tuple(one for one in evidence.measurements if _is_certain(one))


def measured_facts(measures: Collection[Measurement], stated: Collection[str], context: Context) -> list[Fact]:
    """The facts of `measures`, labelled as measured. `stated`: concepts of shoot.yaml, which are left to it."""
    facts: list[Fact] = []
    for one in measures:
        concept = {"gloss": "finish", "size": one.name}.get(one.kind, one.kind)
        if concept in stated or (one.kind == "size" and ROUND & set(stated)):
            continue
        raw = _length(one.number or 0.0) if one.kind == "size" else one.value
        facts += [_labelled(fact, raw, one, context.language) for fact in facts_of(concept, raw, context)]
    return facts


def _is_certain(one: Measurement) -> bool:
    if one.kind == "pattern":
        return (one.number or 0.0) >= PATTERNS.get(one.value, 2.0)
    return one.kind == "size" or (one.kind == "gloss" and len(one.photos) >= PHOTOS)


def _length(size_mm: float) -> str:
    """A size as the measure gives it, to two digits: `88 mm`, `24 cm`."""
    return f"{size_mm / 10:.0f} cm" if size_mm >= CM else f"{size_mm:g} mm"


def _labelled(fact: Fact, raw: str, one: Measurement, language: Language) -> Fact:
    about = ABOUT[language]
    point = fact.point.replace(raw, about.format(raw)) if one.kind == "size" else fact.point
    measure = about.format(fact.measure) if fact.measure else ""
    return replace(fact, point=f"{point} ({LABEL[language]})", measure=measure, measured=True)
