"""Where the cameras of a model stand to each other, as seen from the product."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from pipeline.core.arrays import F64, I64
from pipeline.core.colmap.model import NO_POINT, PosedImage, SparseModel
from pipeline.posing.frame import aim_point


@dataclass(frozen=True)
class Places:
    """Distances between N cameras.

    `apart_deg`: [N, N], angles between the directions in which the cameras stand, seen from the product;
    `turned_deg`: [N, N], by how much the cameras are turned against each other; `nearer`: [N, N], the natural logarithm
    of the ratio of their distances from the product, 0 and more.
    """

    apart_deg: F64
    turned_deg: F64
    nearer: F64


def places_of(images: Sequence[PosedImage]) -> Places:
    """Where these cameras stand to each other."""
    poses = np.array([image.cam_from_world for image in images]).reshape(-1, 4, 4)
    rotations = poses[:, :3, :3]
    offsets = -np.einsum("nji,nj->ni", rotations, poses[:, :3, 3]) - aim_point(rotations, poses[:, :3, 3])
    distance = np.linalg.norm(offsets, axis=1)
    towards = offsets / distance[:, None]
    turned = (np.einsum("nij,mij->nm", rotations, rotations) - 1.0) / 2.0
    return Places(
        apart_deg=_degrees(towards @ towards.T),
        turned_deg=_degrees(turned),
        nearer=np.abs(np.log(distance[:, None] / distance[None, :])),
    )


def observed(model: SparseModel) -> F64:
    """Which image observes which point: [N, M], 1 or 0."""
    row_of = {int(point): row for row, point in enumerate(model.point_ids)}
    seen = np.zeros((len(model.images), len(row_of)))
    for number, image in enumerate(model.images):
        ids: I64 = image.point_ids[image.point_ids != NO_POINT]
        seen[number, [row_of[int(point)] for point in ids]] = 1.0
    return seen


def _degrees(cosine: F64) -> F64:
    return np.asarray(np.degrees(np.arccos(np.clip(cosine, -1.0, 1.0))))
