"""One list of measurements from what all photos show, weighted by how large the product is in each."""

from collections.abc import Mapping

import numpy as np

from pipeline.core.arrays import F64
from pipeline.core.evidence import Measurement
from pipeline.language.colours import ColourShare, deviation_between, deviation_of
from pipeline.language.evidence.photo import PhotoEvidence
from pipeline.language.evidence.proportion import Seen, proportion_of, words
from pipeline.language.evidence.sizes import given_mm, sizes_mm

MENTIONED = 0.02  # smaller shares of the visible surface are no evidence of a colour
AGREED = 0.5  # share of the visible surface whose photos must agree on the gloss
ONE_COLOUR = 8.0  # CIEDE2000 by which light alone changes a colour from photo to photo

Part = tuple[float, str, ColourShare]
"""Share of the visible surface of all photos, photo, and what this photo shows."""

Direction = tuple[float, float]
"""Azimuth and elevation of a photo's camera, degrees."""

Photos = Mapping[str, PhotoEvidence]
"""What each photo shows, by its name. The order does not matter, except that it breaks ties."""


def measurements(
    photos: Photos, directions: Mapping[str, Direction], attributes: Mapping[str, str]
) -> tuple[Measurement, ...]:
    """Everything that is measured. `photos`: at least one, each with visible product.

    `directions`: of the photos whose direction is known. `attributes`: of shoot.yaml; a size gives the scale.
    """
    return (*colours(photos), *pattern(photos), *gloss(photos), *dimensions(photos, directions, attributes))


def pattern(photos: Photos) -> tuple[Measurement, ...]:
    """The pattern: a product is plain if all photos say so, else the pattern that the most surface shows."""
    kinds: dict[str, list[tuple[float, str, float]]] = {}
    for name, photo in photos.items():
        if photo.pattern is not None:
            kinds.setdefault(photo.pattern.kind, []).append((photo.share, name, photo.pattern.strength))
    if not kinds:
        return ()
    figured = {kind: parts for kind, parts in kinds.items() if kind != "plain"} or kinds
    kind = max(figured, key=lambda one: sum(share for share, _, _ in figured[one]))
    shares, names, strengths = zip(*figured[kind], strict=True)
    strength = float(np.average(strengths, weights=shares))
    return (Measurement(name="pattern", kind="pattern", value=kind, number=round(strength, 3), photos=names),)


def gloss(photos: Photos) -> tuple[Measurement, ...]:
    """The gloss, if photos of half of the visible surface agree on it. `number`: the share that is highlight."""
    total = sum(photo.share for photo in photos.values())
    for kind in ("glossy", "satin", "matt"):
        agree = {name: photo for name, photo in photos.items() if photo.gloss is not None and photo.gloss.kind == kind}
        weights = [photo.share for photo in agree.values()]
        if sum(weights) >= AGREED * total:
            share = np.average([photo.gloss.share for photo in agree.values() if photo.gloss], weights=weights)
            value = round(float(share), 4)
            return (
                Measurement(name="gloss", kind="gloss", value=kind, number=value, unit="share", photos=tuple(agree)),
            )
    return ()


def dimensions(
    photos: Photos, directions: Mapping[str, Direction], attributes: Mapping[str, str]
) -> tuple[Measurement, ...]:
    """Height over width, and the sizes that follow from one that shoot.yaml states."""
    seen = [
        Seen(name, *directions[name], photo.box[2], photo.box[3])
        for name, photo in photos.items()
        if photo.whole and name in directions
    ]
    found = proportion_of(seen)
    if found is None:
        return ()
    height = round(found.height, 2)
    measures = [
        Measurement(
            name="proportion", kind="proportion", value=words(height), number=height, unit="ratio", photos=found.photos
        )
    ]
    for side, size in sizes_mm(given_mm(attributes), found).items():
        measures.append(
            Measurement(name=side, kind="size", value=f"{size:g} mm", number=size, unit="mm", photos=found.photos)
        )
    return tuple(measures)


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
