"""One list of measurements from what all photos show, weighted by how large the product is in each."""

from collections.abc import Mapping

import numpy as np

from pipeline.core.arrays import F64
from pipeline.core.evidence import Measurement
from pipeline.language.colours import ColourShare, deviation_between, deviation_of
from pipeline.language.evidence.photo import PhotoEvidence

MENTIONED = 0.02  # smaller shares of the visible surface are no evidence of a colour
ONE_COLOUR = 8.0  # CIEDE2000 by which light alone changes a colour from photo to photo

Part = tuple[float, str, ColourShare]
"""Share of the visible surface of all photos, photo, and what this photo shows."""

Photos = Mapping[str, PhotoEvidence]
"""What each photo shows, by its name. The order does not matter, except that it breaks ties."""


def measurements(photos: Photos) -> tuple[Measurement, ...]:
    """Everything that is measured. `photos`: at least one, each with visible product."""
    return colours(photos)


def colours(photos: Photos) -> tuple[Measurement, ...]:
    """The product's colours, the largest share first, each named after its most visible shade."""
    total = sum(photo.share for photo in photos.values())
    families: dict[str, list[Part]] = {}
    for name, photo in photos.items():
        for colour in photo.colours:
            families.setdefault(colour.family, []).append((photo.share * colour.share / total, name, colour))
    found = [_colour(parts) for parts in _joined(list(families.values()))]
    return tuple(sorted((one for one in found if (one.number or 0) >= MENTIONED), key=lambda one: -(one.number or 0)))


def _joined(families: list[list[Part]]) -> list[list[Part]]:
    """Join families whose colours differ no more than the light does: a colour between two names is one colour."""
    groups: list[list[Part]] = []
    for parts in sorted(families, key=lambda one: -sum(share for share, _, _ in one)):
        near = next((group for group in groups if deviation_between(_lab(group), _lab(parts)) < ONE_COLOUR), None)
        if near is None:
            groups.append(list(parts))
        else:
            near.extend(parts)
    return groups


def _lab(parts: list[Part]) -> F64:
    """Mean CIELAB colour [3] of some parts, weighted by their shares."""
    values = [colour.lab for _, _, colour in parts]
    lab: F64 = np.average(values, axis=0, weights=[share for share, _, _ in parts])
    return lab


def _colour(parts: list[Part]) -> Measurement:
    """One colour of the product, from what each photo shows of it."""
    weights: dict[str, float] = {}
    for share, _, colour in parts:
        weights[colour.name] = weights.get(colour.name, 0.0) + share
    name = max(weights, key=lambda shade: (round(weights[shade], 6), shade))
    return Measurement(
        name=f"colour.{name.replace(' ', '-')}",
        kind="colour",
        value=name,
        number=round(sum(share for share, _, _ in parts), 3),
        unit="share",
        deviation=round(deviation_of(_lab([part for part in parts if part[2].name == name]), name), 1),
        photos=tuple(dict.fromkeys(photo for _, photo, _ in parts)),
    )
