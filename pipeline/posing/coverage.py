"""Decides where the picture of each requested angle comes from: a photo, the splat, or nowhere.

All distances are angles between directions from the product's centre. Let P be the directions of the posed photos and x
the requested direction.

- *captured*: shoot.yaml names a photo for the angle, or some p in P is within `tolerance_deg` of x.
- *rendered*: two photos p, q in P are at most `max_gap_deg` apart, and the shortest arc from p to q passes within
  `max_offset_deg` of x. The splat therefore interpolates between photos, or extrapolates by at most `max_offset_deg`.
- *refused*: neither; or it would be rendered, and which way is up is not known well enough.

A photo of which nothing was cut out is never a picture, nor is one that shows the product upside down. The rule has no
preferred axis: it is invariant under rotation.
It is also monotonic: another photo adds members to P and arcs between them and removes none, so it can only improve a
decision.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from pydantic import Field

from pipeline.core.arrays import F64
from pipeline.core.domain import Angle, AngleDecision, Frozen, View, direction
from pipeline.core.errors import BadInput
from pipeline.core.records import Up
from pipeline.posing.gaps import gap_around

MUCH_BLURRIER = 0.5
RING_WIDTH_DEG = 20.0
UPSIDE_DOWN = 0.26  # component of the product's up along the picture's downwards axis: cos 75 deg


class CoverageParams(Frozen):
    """How near the photos must be. The defaults allow what a splat of an ordinary turntable shoot shows well."""

    tolerance_deg: float = Field(default=4.0, ge=0, le=30)
    """A photo within this angle of the requested one is used as it is."""
    max_gap_deg: float = Field(default=45.0, gt=0, lt=180)
    """Two photos further apart than this have too little in common for a view between them."""
    max_offset_deg: float = Field(default=12.0, ge=0, le=45)
    """How far off the arc between two photos (above, below, or past its end) a view may be rendered."""
    min_up_confidence: float = Field(default=0.5, ge=0, le=1)
    """Views are rendered only if up is known to 2 deg with at least this probability."""


@dataclass(frozen=True)
class Photographed:
    """The posed photos: names, unit directions [N, 3] from the product's centre, and sharpness (see PhotoFacts).

    `upside_down`: the photos that show the product so, because it was turned over for them.
    """

    photos: tuple[str, ...]
    directions: F64
    sharpness: tuple[float, ...]
    upside_down: frozenset[str] = frozenset()


@dataclass(frozen=True)
class AngleRefusal:
    """Why an angle is refused: a code from `pipeline.core.reasons`, and the message for this case."""

    code: str
    message: str


@dataclass(frozen=True)
class Arc:
    """The arc between photos `first` and `second` (indices), and its distance `offset_deg` from the requested angle."""

    first: int
    second: int
    width_deg: float
    offset_deg: float


def photographed(views: Sequence[View], sharpness: Mapping[str, float]) -> Photographed:
    """The directions and sharpness of the posed photos. A photo of unknown sharpness counts as sharp."""
    directions = [direction(view.azimuth_deg, view.elevation_deg) for view in views]
    return Photographed(
        tuple(view.photo for view in views),
        np.array(directions, dtype=np.float64).reshape(-1, 3),
        tuple(sharpness.get(view.photo, float("inf")) for view in views),
        frozenset(view.photo for view in views if view.cam_from_world[1][2] > UPSIDE_DOWN),
    )


def judge(
    angles: Sequence[Angle],
    named: Mapping[str, str],
    known_photos: Sequence[str],
    posed: Photographed | None,
    params: CoverageParams,
    *,
    up: Up | None = None,
    empty: Collection[str] = (),
) -> list[AngleDecision]:
    """Decide every angle, in the given order.

    `named`: angle -> photo. `posed` None: SfM was held, so only named photos can be used. `up`: how well up is known;
    None: without doubt. `empty`: photos of which nothing was cut out. Raises BadInput when a named photo is not in
    `known_photos`, or when `named` contains an angle that is not requested.
    """
    for name, photo in named.items():
        if name not in {angle.name for angle in angles}:
            raise BadInput(f"capture.named: {name!r} is not a requested angle", remedy="Name a requested angle")
        if photo not in known_photos:
            raise BadInput(f"capture.named.{name}: there is no photo {photo!r}", remedy="Name a photo of this shoot")
    return [_decision(angle, named.get(angle.name), posed, params, up, empty) for angle in angles]


def _decision(
    angle: Angle,
    named: str | None,
    posed: Photographed | None,
    params: CoverageParams,
    up: Up | None,
    empty: Collection[str],
) -> AngleDecision:
    if named in empty:
        reason = f"shoot.yaml names {named} for it, but nothing was cut out of {named}; supply mattes/{named}.png"
        return AngleDecision(angle=angle, source="refused", code="angle-cutout-empty", reason=reason)
    if posed is None or not posed.photos:
        if named is not None:
            return AngleDecision(angle=angle, source="captured", photo=named, reason=f"shoot.yaml names {named} for it")
        reason = "the photos could not be posed (see sfm), and shoot.yaml names no photo for this angle"
        return AngleDecision(angle=angle, source="refused", code="angle-not-posed", reason=reason)
    away = angles_deg(posed.directions, direction(angle.azimuth_deg, angle.elevation_deg))
    nearest = int(away.argmin())
    near = {"nearest_photo": posed.photos[nearest], "nearest_deg": round(float(away[nearest]), 3)}
    if named is not None:
        reason = _named_reason(named, posed, away)
        return AngleDecision(angle=angle, source="captured", photo=named, reason=reason, **near)
    shown = np.where([photo in empty or photo in posed.upside_down for photo in posed.photos], np.inf, away)
    if shown.min() <= params.tolerance_deg:
        best, closest = sharpest_near(shown, posed.sharpness, params.tolerance_deg), int(shown.argmin())
        reason = f"{posed.photos[best]} was taken {away[best]:.1f}° from it"
        reason += "" if best == closest else f"; {posed.photos[closest]} is nearer but much blurrier"
        return AngleDecision(angle=angle, source="captured", photo=posed.photos[best], reason=reason, **near)
    return _without_photo(angle, posed, away, params, up)


def _without_photo(
    angle: Angle, posed: Photographed, away: F64, params: CoverageParams, up: Up | None
) -> AngleDecision:
    """The decision for an angle that no photo shows: rendered or refused."""
    nearest = int(away.argmin())
    near = {"nearest_photo": posed.photos[nearest], "nearest_deg": round(float(away[nearest]), 3)}
    arc = best_arc(posed.directions, direction(angle.azimuth_deg, angle.elevation_deg), params)
    if arc is None:
        refusal = _refusal(angle, posed, away, nearest, params)
    elif up is not None and up.confidence < params.min_up_confidence:
        refusal = AngleRefusal(code="angle-up-unknown", message=_up_refusal(up))
    else:
        return AngleDecision(angle=angle, source="rendered", reason=_rendered_reason(posed, away, nearest, arc), **near)
    return AngleDecision(angle=angle, source="refused", code=refusal.code, reason=refusal.message, **near)


def _up_refusal(up: Up) -> str:
    """Why up is too uncertain for this shoot's rendered angles, and what to state."""
    how = {
        "horizon": "only how the cameras were held tells it",
        "table": "the table was found, but not exactly",
        "base": "only the product's own faces tell it",
        "turntable": "the turntable's axis is uncertain",
        "capture.up": "the stated photos look from too similar sides",
    }[up.source]
    away_deg = max(up.deviation_deg.values(), default=0.0)
    contradicts = f", and another sign of it is {away_deg:.0f}° away" if away_deg >= 1.0 else ""
    return (
        f"it would be rendered, but which way is up is uncertain: {how} (confidence {up.confidence:.2f}"
        f"{contradicts}); say where up is: `capture.up`"
    )


def angles_deg(directions: F64, towards: F64) -> F64:
    """Angles [N] in degrees between unit vectors [N, 3] and [3], accurate for small angles too (Kahan's formula)."""
    apart = np.linalg.norm(directions - towards, axis=-1)
    together = np.linalg.norm(directions + towards, axis=-1)
    return np.asarray(np.degrees(2 * np.arctan2(apart, together)))


def sharpest_near(away_deg: F64, sharpness: Sequence[float], tolerance_deg: float) -> int:
    """The index of the nearest photo within `tolerance_deg` that is not much blurrier than the sharpest within it."""
    inside = [i for i in range(len(away_deg)) if away_deg[i] <= tolerance_deg]
    best = max(sharpness[i] for i in inside)
    good = [i for i in inside if sharpness[i] >= MUCH_BLURRIER * best]
    return min(good, key=lambda i: (away_deg[i], i))


def best_arc(directions: F64, requested: F64, params: CoverageParams) -> Arc | None:
    """The arc between two photos that allows `requested` [3] to be rendered, or None.

    `directions`: [N, 3] unit vectors. Of several arcs, the one with the smallest width + offset is returned.
    """
    first, second = np.triu_indices(len(directions), k=1)
    width = angles_deg(directions[first], directions[second])
    offset = arc_offset_deg(directions[first], directions[second], requested)
    allowed = np.flatnonzero((width <= params.max_gap_deg) & (offset <= params.max_offset_deg))
    if len(allowed) == 0:
        return None
    best = allowed[(width[allowed] + offset[allowed]).argmin()]
    return Arc(int(first[best]), int(second[best]), float(width[best]), float(offset[best]))


def arc_offset_deg(first: F64, second: F64, requested: F64) -> F64:
    """Angles [M] in degrees from `requested` to the nearest point of the great-circle arcs from `first` to `second`.

    All are unit vectors, [M, 3] or [3]; the arcs are shorter than 180 deg.
    """
    ends = np.minimum(angles_deg(first, requested), angles_deg(second, requested))
    normal = np.cross(first, second)
    length = np.linalg.norm(normal, axis=-1)
    normal = normal / np.maximum(length, 1e-12)[..., None]
    beside = np.degrees(np.arcsin(np.clip(np.abs((normal * requested).sum(axis=-1)), 0.0, 1.0)))
    # the foot of the perpendicular is on the arc when `requested` is on the inner side of both ends
    past_first = (np.cross(normal, first) * requested).sum(axis=-1) >= 0
    before_second = (np.cross(second, normal) * requested).sum(axis=-1) >= 0
    within = past_first & before_second & (length > 1e-12)
    return np.where(within, np.minimum(beside, ends), ends)


def _named_reason(named: str, posed: Photographed, away: F64) -> str:
    reason = f"shoot.yaml names {named} for it"
    if named not in posed.photos:
        return f"{reason}; its own position is not known"
    return f"{reason}; it was taken {away[posed.photos.index(named)]:.1f}° from it"


def _rendered_reason(posed: Photographed, away: F64, nearest: int, arc: Arc) -> str:
    beside = "" if arc.offset_deg < 1.0 else f", {arc.offset_deg:.0f}° beside the line from one to the other"
    return (
        f"the nearest photo, {posed.photos[nearest]}, is {away[nearest]:.1f}° away; drawn by the splat, "
        f"between {posed.photos[arc.first]} and {posed.photos[arc.second]}, {arc.width_deg:.0f}° apart{beside}"
    )


def _refusal(angle: Angle, posed: Photographed, away: F64, nearest: int, params: CoverageParams) -> AngleRefusal:
    """Why this angle cannot be rendered, and which photos would allow it."""
    start = f"the nearest photo, {posed.photos[nearest]}, is {away[nearest]:.0f}° away"
    elevations = np.degrees(np.arcsin(np.clip(posed.directions[:, 2], -1.0, 1.0)))
    highest, lowest = float(elevations.max()), float(elevations.min())
    if angle.elevation_deg > highest + params.max_offset_deg:
        return AngleRefusal(
            code="angle-above-photos",
            message=f"{start}: this angle looks from {angle.elevation_deg:.0f}° above, the highest photo from"
            f" {highest:.0f}°; shoot a ring at about {angle.elevation_deg:.0f}°",
        )
    if angle.elevation_deg < lowest - params.max_offset_deg:
        return AngleRefusal(
            code="angle-below-photos",
            message=f"{start}: this angle looks from {angle.elevation_deg:.0f}°, the lowest photo from {lowest:.0f}°;"
            f" shoot a ring at about {angle.elevation_deg:.0f}°",
        )
    return _side_refusal(angle, posed, elevations, start, params)


def _side_refusal(
    angle: Angle, posed: Photographed, elevations_deg: F64, start: str, params: CoverageParams
) -> AngleRefusal:
    """The refusal of an angle that is neither above nor below all photos; `start` names the nearest one.

    Photos from much higher or lower are no neighbours of the angle, but they are there: the message names the nearest.
    """
    azimuths = np.degrees(np.arctan2(posed.directions[:, 0], -posed.directions[:, 1])) % 360.0
    level = np.abs(elevations_deg - angle.elevation_deg) <= RING_WIDTH_DEG
    gap = gap_around(azimuths[level].tolist(), angle.azimuth_deg)
    if gap.width_deg <= params.max_gap_deg:
        return AngleRefusal(
            code="angle-no-neighbours",
            message=f"{start}, and no two photos on either side of it are close together; shoot this angle itself",
        )
    into_gap = (azimuths - gap.from_deg) % 360.0
    everywhere = gap.width_deg >= 360.0
    beside = np.flatnonzero(~level & (everywhere | ((into_gap > 0) & (into_gap < gap.width_deg))))
    where = "all around" if everywhere else f"from {gap.label}"
    if len(beside) == 0:
        return AngleRefusal(
            code="angle-side-not-photographed",
            message=f"{start}: there are no photos {where}; shoot {gap.photos_to_shoot} more there",
        )
    requested = direction(angle.azimuth_deg, angle.elevation_deg)
    other = beside[int(angles_deg(posed.directions[beside], requested).argmin())]
    count = "the only photo" if len(beside) == 1 else f"the nearest of {len(beside)} photos"
    return AngleRefusal(
        code="angle-side-not-photographed",
        message=f"{start}: {count} {where}, {posed.photos[other]}, looks from an elevation of"
        f" {elevations_deg[other]:.0f}°, this angle from {angle.elevation_deg:.0f}°; shoot {gap.photos_to_shoot} more"
        f" there at about {angle.elevation_deg:.0f}°",
    )
