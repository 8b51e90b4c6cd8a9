"""A cloud of 3D Gaussians, validated once, and its initialisation from sparse points."""

from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

from pipeline.core.arrays import F32, F64, I64
from pipeline.core.errors import BadInput
from pipeline.splatting.harmonics import C0, DEGREE_MAX, coefficients


@dataclass(frozen=True)
class Gaussians:
    """N Gaussians in world units, all float32, C-contiguous and finite.

    `means` [N, 3]; `log_scales` [N, 3], natural logarithm of the standard deviations; `quats` [N, 4], wxyz, any length
    but 0; `logits` [N], opacity = sigmoid(logit); `sh` [N, K, 3], K = (degree + 1)^2 spherical-harmonic coefficients,
    sRGB values. Raises BadInput on wrong shapes and on NaN or infinity.
    """

    means: F32
    log_scales: F32
    quats: F32
    logits: F32
    sh: F32

    def __post_init__(self) -> None:
        n = len(self.means)
        shapes = {"means": (n, 3), "log_scales": (n, 3), "quats": (n, 4), "logits": (n,)}
        if self.sh.ndim != 3 or self.sh.shape[0] != n or self.sh.shape[2] != 3 or self.sh.shape[1] not in (1, 4, 9, 16):
            raise BadInput(f"sh has shape {self.sh.shape}, not ({n}, 1 | 4 | 9 | 16, 3)")
        for name, shape in shapes.items():
            if getattr(self, name).shape != shape:
                raise BadInput(f"{name} has shape {getattr(self, name).shape}, not {shape}")
        for name in (*shapes, "sh"):
            values = np.ascontiguousarray(getattr(self, name), dtype=np.float32)
            if not np.isfinite(values).all():
                raise BadInput(
                    f"{name} of the Gaussians contains NaN or infinity", remedy="Fit the splat again: it is damaged"
                )
            object.__setattr__(self, name, values)

    def __len__(self) -> int:
        return len(self.means)

    @property
    def degree(self) -> int:
        """Degree of the spherical harmonics, 0 to 3."""
        return int(np.sqrt(self.sh.shape[1])) - 1

    @property
    def opacities(self) -> F32:
        """Opacities [N], 0 to 1."""
        opacities: F32 = (1.0 / (1.0 + np.exp(-self.logits.astype(np.float64)))).astype(np.float32)
        return opacities

    def axes(self) -> F64:
        """Return the axes [N, 3, 3], as columns, each as long as its standard deviation."""
        w, x, y, z = (self.quats / np.linalg.norm(self.quats, axis=1, keepdims=True)).astype(np.float64).T
        rows = [
            [1 - 2 * (y * y + z * z), 2 * (x * y - w * z), 2 * (x * z + w * y)],
            [2 * (x * y + w * z), 1 - 2 * (x * x + z * z), 2 * (y * z - w * x)],
            [2 * (x * z - w * y), 2 * (y * z + w * x), 1 - 2 * (x * x + y * y)],
        ]
        rotation = np.stack([np.stack(row, axis=-1) for row in rows], axis=-2)
        axes: F64 = rotation * np.exp(self.log_scales.astype(np.float64))[:, None]
        return axes

    def select(self, keep: NDArray[np.bool_] | I64) -> Self:
        """Return the Gaussians selected by a mask or by indices."""
        return type(self)(self.means[keep], self.log_scales[keep], self.quats[keep], self.logits[keep], self.sh[keep])


FLAT = 3.0  # width of a disc over its thickness; flatter ones fit short fits better, and long ones worse


def from_points(
    points: F64,
    colours: NDArray[np.uint8],
    *,
    degree: int = DEGREE_MAX,
    opacity: float = 0.5,
    size: float = 1.0,
    normals: F64 | None = None,
) -> Gaussians:
    """Initialise one Gaussian per point, of `size` times the distance to the three nearest neighbours.

    `points` [N, 3] in world units, `colours` [N, 3] sRGB. Gaussians are round, but flat discs (a `FLAT`th as thick as
    wide) where `normals` [N, 3] are given and not 0. Raises BadInput if there are fewer than 4 points.
    """
    if len(points) < 4:
        raise BadInput(
            f"{len(points)} sparse points are too few to start a splat", remedy="Shoot more photos that overlap"
        )
    from scipy.spatial import cKDTree

    distance, _ = cKDTree(points).query(points, k=4)
    spacing = np.sqrt(np.mean(np.square(distance[:, 1:]), axis=1))
    spacing = size * np.clip(spacing, 1e-6, np.quantile(spacing, 0.9) * 2)
    sh = np.zeros((len(points), coefficients(degree), 3), np.float32)
    sh[:, 0] = (colours.astype(np.float32) / 255.0 - 0.5) / C0
    log_scales = np.repeat(np.log(spacing)[:, None], 3, axis=1)
    quats = np.zeros((len(points), 4))
    quats[:, 0] = 1.0
    if normals is not None:
        oriented = np.linalg.norm(normals, axis=1) > 0.5
        log_scales[oriented, 2] -= np.log(FLAT)
        quats[oriented] = _quats_to(normals[oriented])
    return Gaussians(
        points.astype(np.float32),
        log_scales.astype(np.float32),
        quats.astype(np.float32),
        np.full(len(points), np.log(opacity / (1.0 - opacity)), np.float32),
        sh,
    )


def _quats_to(normals: F64) -> F64:
    """Return quaternions wxyz [N, 4] of the shortest rotations that turn the z axis to unit `normals` [N, 3]."""
    x, y, z = normals.T
    quats = np.stack([1 + z, -y, x, np.zeros_like(z)], axis=1)
    quats[z < -1 + 1e-6] = (0.0, 1.0, 0.0, 0.0)
    return quats / np.linalg.norm(quats, axis=1, keepdims=True)
