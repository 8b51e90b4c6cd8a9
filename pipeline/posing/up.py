"""Finds which way is up from several sources, and says how far each can be believed.

A source gives a direction in SfM's frame and `sigma_deg`, the standard deviation of its tilt. Its confidence is the
probability that it is within `TOLERANCE_DEG` of the truth. In order of preference:

- `capture.up`: photos whose roll the photographer states, or that all were held level;
- `turntable`: the axis about which the product turned;
- `table`: the normal of the plane that the product stands on, seen in the whole photos;
- `base`: flat faces of the product itself, from the points on it;
- `horizon`: the cameras' horizontal axes, up to a roll that all photos may share.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import get_args

import numpy as np

from pipeline.core.arrays import F64
from pipeline.core.colmap.model import SparseModel
from pipeline.core.domain import angle_between_deg
from pipeline.core.errors import Held
from pipeline.core.records import LevelPhoto, Up, UpName
from pipeline.posing.base import base
from pipeline.posing.frame import Rig, Upright, aim_point, level_up, upright

TOLERANCE_DEG = 2.0
ROLL_PRIOR_DEG = 3.0
"""Photographers who do not watch the horizon roll the camera by about this much, most of them always the same way."""
EXACT_RING_DEG = 0.5
STATED_ROLL_SIGMA_DEG = 0.7
LEVEL_FLOOR_DEG = 0.7
SYSTEMATIC_DEG = 0.4
TABLE_FLOOR_DEG = 1.0
"""How far the normal of a table is off in synthetic shoots with known truth, where few points lie on it."""
AGREE_DEG = 3.0
NOT_A_TABLE_DEG = 40.0
"""A plane that leans further than this from the cameras' horizon is a wall, a backdrop or a slope."""
ITERATIONS = 30

PREFERENCE: tuple[UpName, ...] = get_args(UpName)


@dataclass(frozen=True)
class UpEstimate:
    """One source's answer. `up`: [3] unit, in SfM's frame; `sigma_deg`: of its tilt about a horizontal axis."""

    source: UpName
    up: F64
    sigma_deg: float

    @property
    def confidence(self) -> float:
        """The probability, 0 to 1, that `up` is within TOLERANCE_DEG of the truth (Rayleigh's distribution)."""
        return 1.0 - float(np.exp(-0.5 * (TOLERANCE_DEG / max(self.sigma_deg, 1e-6)) ** 2))


@dataclass(frozen=True)
class UpHints:
    """What is known about up besides the poses.

    `stated`: photos whose roll is stated (`LevelPhoto.photo` is the stem); `level`: all photos were held level;
    `table_normals`: photo -> the table's normal [3] in the photo's camera axes; `table_confidence`: 0 to 1; `masked`:
    all points of the model are on the product.
    """

    stated: tuple[LevelPhoto, ...] = ()
    level: bool = False
    table_normals: Mapping[str, F64] = field(default_factory=dict)
    table_confidence: float = 0.0
    masked: bool = False


def find_up(model: SparseModel, rig: Rig, hints: UpHints) -> tuple[Upright, Up]:
    """Fit the vertical line through the product, with up from the best source; model of at least two photos.

    Raises Held when a photo whose roll is stated is not registered.
    """
    fit = upright([image.cam_from_world for image in model.images], rig)
    rotations = {image.photo: image.cam_from_world[:3, :3] for image in model.images}
    stack = np.stack(list(rotations.values()))
    translations = np.stack([image.cam_from_world[:3, 3] for image in model.images])
    level = horizon(stack, fit.up if fit.residual_deg is not None else level_up(stack))
    estimates = [level]
    axis = turn_axis(fit, stack)
    estimates += [] if axis is None else [axis]
    on_table = table(rotations, hints.table_normals, hints.table_confidence)
    estimates += [] if on_table is None else [on_table]
    shape = base(model.points.positions, level.up) if hints.masked else None
    estimates += [] if shape is None else [UpEstimate("base", *shape)]
    if hints.stated:
        estimates.append(_stated(rotations, hints.stated, level))
    elif hints.level:
        vouched = horizon(stack, level.up, roll_sigma_deg=STATED_ROLL_SIGMA_DEG)
        estimates.append(replace(vouched, source="capture.up"))
    chosen, report = choose(estimates)
    if chosen.source == "turntable":
        return fit, report
    return replace(fit, up=chosen.up, foot=aim_point(stack, translations)), report


def _stated(rotations: Mapping[str, F64], photos: Sequence[LevelPhoto], prior: UpEstimate) -> UpEstimate:
    missing = [level.photo for level in photos if level.photo not in rotations]
    if missing:
        raise Held(
            f"capture.up: {', '.join(missing)} could not be registered, so the stated roll says nothing",
            code="sfm-up-not-posed",
            remedy="Name other photos in capture.up, from sides about 90° apart",
        )
    seen = np.stack([rotations[level.photo] for level in photos])
    return stated(seen, [level.roll_deg for level in photos], prior)


def horizon(rotations: F64, start: F64, *, roll_sigma_deg: float = ROLL_PRIOR_DEG) -> UpEstimate:
    """Up from the cameras' horizontal axes; `rotations` [N, 3, 3] `cam_from_world`, `start` [3] a first guess.

    Each camera's horizontal axis, turned by a roll that all share, is perpendicular to up. The roll is known only to
    about `roll_sigma_deg` before, so that photos from one side, where a roll cannot be told from a tilt, give a large
    `sigma_deg`. Robust least squares: Gauss-Newton with Cauchy's weights, for the roll's prior too.
    """
    up, roll = start, 0.0
    rights, downs = rotations[:, 0], rotations[:, 1]
    for _ in range(ITERATIONS):
        across = _across(up)
        level = np.cos(roll) * rights + np.sin(roll) * downs
        residual = level @ up
        slope = np.column_stack([level @ across, (np.cos(roll) * downs - np.sin(roll) * rights) @ up])
        scale = max(1.4826 * float(np.median(np.abs(residual))), np.radians(LEVEL_FLOOR_DEG))
        weights = 1.0 / (scale**2 + residual**2)
        stiffness = 1.0 / (np.radians(roll_sigma_deg) ** 2 + roll**2)
        normal = (slope * weights[:, None]).T @ slope + np.diag([1e-3, 1e-3, stiffness])
        gradient = (slope * weights[:, None]).T @ residual
        gradient[2] += roll * stiffness
        step = np.linalg.solve(normal, -gradient)
        up = up + across @ step[:2]
        up, roll = up / np.linalg.norm(up), roll + float(step[2])
    return UpEstimate("horizon", up, _sigma_deg(np.linalg.inv(normal)[:2, :2]))


def stated(rotations: F64, rolls_deg: Sequence[float], prior: UpEstimate) -> UpEstimate:
    """Up from photos whose roll the photographer states; `rotations` [N, 3, 3] `cam_from_world` of these photos.

    `rolls_deg`: by how much each picture must be turned clockwise to stand upright. One photo says nothing about how
    far its camera looked up or down; what the stated photos leave open is taken from `prior`.
    """
    rolls = np.radians(np.asarray(rolls_deg, dtype=np.float64))
    level = np.cos(rolls)[:, None] * rotations[:, 0] - np.sin(rolls)[:, None] * rotations[:, 1]
    up = prior.up
    for _ in range(ITERATIONS):
        across = _across(up)
        slope = level @ across / np.radians(STATED_ROLL_SIGMA_DEG)
        away = across.T @ (up - prior.up) / np.radians(prior.sigma_deg)
        normal = slope.T @ slope + np.eye(2) / np.radians(prior.sigma_deg) ** 2
        gradient = slope.T @ (level @ up) / np.radians(STATED_ROLL_SIGMA_DEG) + away / np.radians(prior.sigma_deg)
        up = up + across @ np.linalg.solve(normal, -gradient)
        up = up / np.linalg.norm(up)
    return UpEstimate("capture.up", up, _sigma_deg(np.linalg.inv(normal)))


def table(rotations: Mapping[str, F64], normals: Mapping[str, F64], confidence: float) -> UpEstimate | None:
    """Up from the table's normal in each photo's camera axes; None when no posed photo has one.

    `rotations`: photo -> [3, 3] `cam_from_world`; `normals`: photo -> [3]; `confidence`: of the plane, 0 to 1. How much
    the photos disagree measures both the plane and the poses.
    """
    seen = np.array([rotations[photo].T @ normal for photo, normal in normals.items() if photo in rotations])
    if len(seen) == 0 or confidence <= 0:
        return None
    up = np.median(seen, axis=0)
    up = up / np.linalg.norm(up)
    apart_deg = float(np.median([angle_between_deg(normal, up) for normal in seen]))
    return UpEstimate("table", up, float(np.hypot(TABLE_FLOOR_DEG, apart_deg)) / min(confidence, 1.0))


def turn_axis(fit: Upright, rotations: F64) -> UpEstimate | None:
    """The axis of a turntable; `rotations` [N, 3, 3] `cam_from_world`. None without rings.

    On a turntable all cameras are on rings, and within a fraction of a degree. What the photos of a walk around the
    product have of rings is chance: few are on one, with large residuals, and the axis is as uncertain.
    """
    rings = [rotations[ring] for ring in fit.ring_indices if len(ring) >= 3]
    if fit.residual_deg is None or not rings:
        return None
    signal = np.zeros((3, 3))
    for frames in rings:
        centred = frames - frames.mean(axis=0)
        signal += np.einsum("mij,mik->jk", centred, centred)
    across = _across(fit.up)
    strength = max(float(np.linalg.eigvalsh(across.T @ signal @ across)[0]), 1e-6)
    share = sum(len(frames) for frames in rings) / len(rotations)
    by_chance_deg = max(0.0, fit.residual_deg - EXACT_RING_DEG) * 2.0 / share**2
    return UpEstimate("turntable", fit.up, float(np.hypot(0.2, fit.residual_deg / np.sqrt(strength)) + by_chance_deg))


def choose(estimates: Sequence[UpEstimate]) -> tuple[UpEstimate, Up]:
    """The preferred estimate that can be believed, and the report on it; without any such, the most confident one.

    Sources are measured independently, so one that agrees makes the chosen one more certain, in inverse proportion to
    the variances. A table that contradicts a turntable's axis makes the axis uncertain.
    """
    level = next((e for e in estimates if e.source == "horizon"), None)
    usable = [
        e
        for e in estimates
        if not (e.source == "table" and level and angle_between_deg(e.up, level.up) > NOT_A_TABLE_DEG)
    ]
    believed = sorted((e for e in usable if e.confidence >= 0.5), key=lambda e: PREFERENCE.index(e.source))
    chosen = believed[0] if believed else max(usable, key=lambda e: e.confidence)
    away = {e.source: angle_between_deg(e.up, chosen.up) for e in estimates if e is not chosen}
    precision = chosen.sigma_deg**-2
    for other in usable:
        if other is not chosen and away[other.source] <= AGREE_DEG:
            precision += other.sigma_deg**-2
    sigma_deg = max(float(precision**-0.5), 0.1)
    if chosen.source == "turntable" and any(e.source == "table" and away["table"] > AGREE_DEG for e in believed):
        sigma_deg = max(sigma_deg, away["table"])
    chosen = replace(chosen, sigma_deg=sigma_deg)
    deviation_deg = {source: round(angle, 2) for source, angle in away.items()}
    return chosen, Up(source=chosen.source, confidence=round(chosen.confidence, 3), deviation_deg=deviation_deg)


def _across(up: F64) -> F64:
    """Two unit vectors perpendicular to `up` and to each other, as the columns of [3, 2]."""
    helper = np.eye(3)[int(np.abs(up).argmin())]
    first = np.cross(up, helper)
    first = first / np.linalg.norm(first)
    return np.column_stack([first, np.cross(up, first)])


def _sigma_deg(covariance: F64) -> float:
    """The standard deviation in degrees of a tilt with this covariance [2, 2] in rad, and of what is never measured."""
    return float(np.hypot(SYSTEMATIC_DEG, np.degrees(np.sqrt(np.trace(covariance) / 2))))
