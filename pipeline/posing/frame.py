"""Fits the up direction and the vertical line through the product, which lead from SfM's frame to the product frame.

On a turntable the product turns and the camera stays, so relative to the product the cameras of one ring turn about
one axis. All of them see the axis in the same direction in camera coordinates (R a = s), and its points at the same
place (R p + t = m + height * s). Both equations are linear in the axis and use rotations as well as positions, so they
also hold on short arcs, where a circle fitted to the camera positions alone fails. A second elevation is a second ring
about the same axis.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from pipeline.core.arrays import F64, I64
from pipeline.core.domain import angle_between_deg

SAME_RING_DEG = 3.0
MAX_PAIR_AXES = 2000
MIN_PAIR_TURN_DEG = 4.0
ITERATIONS = 20

Rig = Literal["turntable", "handheld"]


@dataclass(frozen=True)
class Upright:
    """The up direction and a point of the vertical line through the product, in SfM's frame, and how well they fit.

    `up`: [3] unit; `foot`: [3]; `rings`: [N] ring number of each camera, -1 for a camera outside all rings;
    `residual_deg`: RMS deviation of the cameras from their rings in degrees, None without rings.
    """

    up: F64
    foot: F64
    rings: I64
    residual_deg: float | None

    @property
    def ring_indices(self) -> tuple[I64, ...]:
        """For each ring, the indices of its cameras."""
        return tuple(np.flatnonzero(self.rings == ring) for ring in range(self.rings.max(initial=-1) + 1))


def upright(poses: Sequence[F64], rig: Rig) -> Upright:
    """Fit the vertical line through the product to the poses `cam_from_world` [4, 4] of at least two cameras.

    `turntable`: the line is the axis of rotation. Without rings of cameras, and for `handheld`, it passes through the
    point at which the cameras aim, and up is that of cameras held level; `pipeline.posing.up` knows better.
    """
    rotations = np.stack([pose[:3, :3] for pose in poses])
    translations = np.stack([pose[:3, 3] for pose in poses])
    if rig == "turntable":
        up = _turn_axis(rotations)
        rings = _rings(rotations @ up)
        if (rings >= 0).sum() >= 3:
            up = _refined_axis(rotations, rings, up)
            rings = _rings(rotations @ up)
            foot = _axis_point(rotations, translations, rings, up)
            return Upright(up, foot, rings, _residual_deg(rotations @ up, rings))
    up = level_up(rotations)
    return Upright(up, aim_point(rotations, translations), np.full(len(poses), -1), None)


def level_up(rotations: F64) -> F64:
    """Up direction [3] most nearly perpendicular to the right-hand directions of all cameras; `rotations` [N, 3, 3].

    When all cameras look the same way it is undetermined, and the mean of the cameras' up directions decides.
    """
    mean_up = -rotations[:, 1].sum(axis=0)
    mean_up /= max(float(np.linalg.norm(mean_up)), 1e-12)
    rights = rotations[:, 0]
    scatter = rights.T @ rights / len(rights) + 1e-2 * (np.eye(3) - np.outer(mean_up, mean_up))
    for _ in range(ITERATIONS):
        up = np.linalg.eigh(scatter)[1][:, 0]
        weights = 1.0 / (np.abs(rights @ up) + np.radians(1.0))
        weights /= weights.sum()
        scatter = (rights * weights[:, None]).T @ rights + 1e-2 * (np.eye(3) - np.outer(mean_up, mean_up))
    return up if up @ mean_up > 0 else -up


def aim_point(rotations: F64, translations: F64) -> F64:
    """The point [3] at which the cameras aim: the robust nearest point to all optical axes."""
    centres = -np.einsum("nji,nj->ni", rotations, translations)
    forward = rotations[:, 2]
    across = np.eye(3) - forward[:, :, None] * forward[:, None, :]
    weights = np.ones(len(centres))
    point = centres.mean(axis=0)
    spread = max(float(np.linalg.norm(centres - point, axis=1).mean()), 1e-12)
    for _ in range(ITERATIONS):
        weighted = weights[:, None, None] * across
        normal = weighted.sum(axis=0) + 1e-9 * np.eye(3)
        point = np.linalg.solve(normal, np.einsum("nij,nj->i", weighted, centres) + 1e-9 * point)
        distance = np.linalg.norm(np.einsum("nij,nj->ni", across, point - centres), axis=1)
        weights = 1.0 / (distance + 1e-3 * spread)
    return point


def _turn_axis(rotations: F64) -> F64:
    """The axis [3] that most pairs of cameras see in the same direction.

    Candidates are `level_up` and the rotation axes between pairs of cameras.
    """
    candidates = np.concatenate([level_up(rotations)[None], _pair_axes(rotations)])
    best, up = -1.0, candidates[0]
    for candidate in candidates:
        seen = rotations @ candidate
        support = float((seen @ seen.T > np.cos(np.radians(SAME_RING_DEG / 2))).sum())
        if support > best:
            best, up = support, candidate
    mean_up = -rotations[:, 1].sum(axis=0)
    return up if up @ mean_up > 0 else -up


def _pair_axes(rotations: F64) -> F64:
    """Axes [M, 3] of the rotations between pairs of cameras, neighbours first, without those near 0 or 180 deg."""
    count = len(rotations)
    axes = []
    for step in range(1, count):
        for first in range(count - step):
            turn = rotations[first + step].T @ rotations[first]
            axis = np.array([turn[2, 1] - turn[1, 2], turn[0, 2] - turn[2, 0], turn[1, 0] - turn[0, 1]])
            length = float(np.linalg.norm(axis))
            if length > 2 * np.sin(np.radians(MIN_PAIR_TURN_DEG)):
                axes.append(axis / length)
        if len(axes) >= MAX_PAIR_AXES:
            break
    return np.array(axes).reshape(-1, 3)


def _rings(seen: F64) -> I64:
    """Ring numbers [N] of cameras that see the axis in the same direction, -1 for one alone; `seen` [N, 3] unit."""
    near = seen @ seen.T > np.cos(np.radians(SAME_RING_DEG))
    rings = np.full(len(seen), -1)
    number = 0
    while (free := near & (rings < 0)[:, None] & (rings < 0)[None, :]).sum(axis=1).max(initial=0) >= 2:
        rings[free[free.sum(axis=1).argmax()]] = number
        number += 1
    return rings


def _refined_axis(rotations: F64, rings: I64, start: F64) -> F64:
    """The axis [3] perpendicular to the changes of camera axes within each ring; outliers are weighted down."""
    up = start
    for _ in range(ITERATIONS):
        scatter = np.zeros((3, 3))
        for ring in range(rings.max() + 1):
            frames = rotations[rings == ring]  # [M, 3 camera axes, 3 world]
            seen = frames @ up
            deviation = np.linalg.norm(seen - np.median(seen, axis=0), axis=1)
            weights = 1.0 / (deviation + np.radians(0.1))
            centred = frames - np.einsum("m,mij->ij", weights / weights.sum(), frames)
            scatter += np.einsum("m,mij,mik->jk", weights, centred, centred)
        up = np.linalg.eigh(scatter)[1][:, 0]
        up = up if up @ start > 0 else -up
    return up


def _axis_point(rotations: F64, translations: F64, rings: I64, up: F64) -> F64:
    """The point [3] of the axis level with the mean camera: R p + t is the same for all cameras of a ring."""
    centres = -np.einsum("nji,nj->ni", rotations, translations)
    spread = float(np.linalg.norm(centres - centres.mean(axis=0), axis=1).mean())
    weights = np.ones(len(rotations))
    point = centres.mean(axis=0)
    for _ in range(ITERATIONS):
        normal, right = np.outer(up, up), up * float(up @ centres.mean(axis=0))
        for ring in range(rings.max() + 1):
            inside = rings == ring
            share = weights[inside] / weights[inside].sum()
            turn = rotations[inside] - np.einsum("m,mij->ij", share, rotations[inside])
            shift = translations[inside] - share @ translations[inside]
            normal = normal + np.einsum("m,mij,mik->jk", weights[inside], turn, turn)
            right = right - np.einsum("m,mij,mi->j", weights[inside], turn, shift)
        point = np.linalg.solve(normal, right)
        seen = np.einsum("nij,j->ni", rotations, point) + translations
        for ring in range(rings.max() + 1):
            inside = rings == ring
            deviation = np.linalg.norm(seen[inside] - np.median(seen[inside], axis=0), axis=1)
            weights[inside] = 1.0 / (deviation / spread + 1e-3)
    return point


def _residual_deg(seen: F64, rings: I64) -> float:
    deviations = []
    for ring in range(rings.max() + 1):
        middle = np.median(seen[rings == ring], axis=0)
        deviations += [angle_between_deg(direction, middle) for direction in seen[rings == ring]]
    return float(np.sqrt(np.mean(np.square(deviations)))) if deviations else 0.0


def product_rotation(up: F64, towards_front: F64) -> F64:
    """Rotation [3, 3] from SfM's frame to the product frame: `up` becomes +z, `towards_front` azimuth 0 (-y)."""
    forward = -(towards_front - up * float(up @ towards_front))
    length = float(np.linalg.norm(forward))
    if length < 1e-6 * max(float(np.linalg.norm(towards_front)), 1e-12):  # the front was shot from straight above
        forward = np.eye(3)[int(np.abs(up).argmin())]
        forward = forward - up * float(up @ forward)
        length = float(np.linalg.norm(forward))
    forward = forward / length
    return np.stack([np.cross(forward, up), forward, up])
