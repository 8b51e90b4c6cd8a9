"""The reference rasterizer: torch operations on whole arrays in float64, without tiles or early stopping.

Slow and obvious: every Gaussian is evaluated at every pixel. Tests compare the numba kernels with it, values and
gradients (by torch's autograd).
"""

import torch

from pipeline.core.arrays import F64
from pipeline.splatting.harmonics import C0, C1, C2, C3
from pipeline.splatting.raster.projection import ALPHA_MIN, BLUR_ANTIALIASED_PX2, BLUR_PX2, NEAR

ALPHA_MAX = 0.99


def sh_basis(degree: int, d: torch.Tensor) -> torch.Tensor:
    """Return real spherical harmonics [N, (degree + 1)^2] at unit directions [N, 3]."""
    x, y, z = d.unbind(-1)
    out = [torch.full_like(x, C0)]
    if degree >= 1:
        out += [-C1 * y, C1 * z, -C1 * x]
    if degree >= 2:
        out += [
            C2[0] * x * y,
            C2[1] * y * z,
            C2[2] * (2 * z * z - x * x - y * y),
            C2[3] * x * z,
            C2[4] * (x * x - y * y),
        ]
    if degree >= 3:
        out += [
            C3[0] * y * (3 * x * x - y * y),
            C3[1] * x * y * z,
            C3[2] * y * (4 * z * z - x * x - y * y),
            C3[3] * z * (2 * z * z - 3 * x * x - 3 * y * y),
            C3[4] * x * (4 * z * z - x * x - y * y),
            C3[5] * z * (x * x - y * y),
            C3[6] * x * (x * x - 3 * y * y),
        ]
    return torch.stack(out, -1)


def rotations(quats: torch.Tensor) -> torch.Tensor:
    """Return the rotation matrices [N, 3, 3] of unnormalised quaternions wxyz [N, 4]."""
    w, x, y, z = (quats / quats.norm(dim=-1, keepdim=True)).unbind(-1)
    rows = [
        [1 - 2 * (y * y + z * z), 2 * (x * y - w * z), 2 * (x * z + w * y)],
        [2 * (x * y + w * z), 1 - 2 * (x * x + z * z), 2 * (y * z - w * x)],
        [2 * (x * z - w * y), 2 * (y * z + w * x), 1 - 2 * (x * x + y * y)],
    ]
    return torch.stack([torch.stack(row, -1) for row in rows], -2)


def _covariances(points: torch.Tensor, axes: torch.Tensor, rotation: torch.Tensor, lens: F64) -> torch.Tensor:
    """Return 2D covariances [N, 2, 2] in px^2, without blur, of `axes` [N, 3, 3] = Q diag(s)."""
    fx, fy, x0, x1, y0, y1 = (float(lens[k]) for k in (0, 1, 6, 7, 8, 9))
    x, y, z = points.unbind(-1)
    u, v = (x / z).clamp(x0, x1), (y / z).clamp(y0, y1)
    zero = torch.zeros_like(z)
    rows = [torch.stack([fx / z, zero, -fx * u / z], -1), torch.stack([zero, fy / z, -fy * v / z], -1)]
    p = torch.stack(rows, -2) @ rotation @ axes
    return p @ p.transpose(-1, -2)


def draw_reference(
    means: torch.Tensor, log_scales: torch.Tensor, quats: torch.Tensor, logits: torch.Tensor, sh: torch.Tensor,
    cam_from_world: torch.Tensor, lens: F64, degree: int, antialias: bool,
) -> torch.Tensor:  # fmt: skip
    """Draw the picture [5, H, W] that `Rasterize` must give, from float64 tensors."""
    rotation, shift = cam_from_world[:3, :3], cam_from_world[:3, 3]
    points = means @ rotation.T + shift
    near = torch.nonzero(points[:, 2] > NEAR)[:, 0]
    near = near[torch.argsort(points[near, 2].detach(), stable=True)]
    points = points[near]
    axes = rotations(quats[near]) * torch.exp(log_scales[near])[:, None, :]
    cov0 = _covariances(points, axes, rotation, lens)
    blur = BLUR_ANTIALIASED_PX2 if antialias else BLUR_PX2
    cov = cov0 + blur * torch.eye(2, dtype=cov0.dtype)
    opacity = torch.sigmoid(logits[near])
    if antialias:
        opacity = opacity * torch.sqrt(torch.linalg.det(cov0).clamp_min(1e-30) / torch.linalg.det(cov))
    towards = means[near] + rotation.T @ shift
    colour = sh_basis(degree, towards / towards.norm(dim=-1, keepdim=True))[:, :, None] * sh[near, : (degree + 1) ** 2]
    colour = (0.5 + colour.sum(1)).clamp_min(0.0)
    return _composite(points, cov, opacity, colour, lens)


def _composite(
    points: torch.Tensor, cov: torch.Tensor, opacity: torch.Tensor, colour: torch.Tensor, lens: F64
) -> torch.Tensor:
    fx, fy, cx, cy, width, height = (float(v) for v in lens[:6])
    centre = torch.stack([fx * points[:, 0] / points[:, 2] + cx, fy * points[:, 1] / points[:, 2] + cy], -1)
    ys, xs = torch.meshgrid(
        torch.arange(int(height), dtype=cov.dtype) + 0.5, torch.arange(int(width), dtype=cov.dtype) + 0.5, indexing="ij"
    )
    d = torch.stack([xs, ys], -1).reshape(-1, 1, 2) - centre  # [pixels, N, 2]
    q = 0.5 * torch.einsum("pni,nij,pnj->pn", d, torch.linalg.inv(cov), d)
    raw = opacity * torch.exp(-q)
    alpha = torch.where(raw >= ALPHA_MIN, raw.clamp_max(ALPHA_MAX), torch.zeros_like(raw))
    alpha = torch.where(opacity > ALPHA_MIN, alpha, torch.zeros_like(alpha))
    through = torch.cumprod(torch.cat([torch.ones_like(alpha[:, :1]), 1 - alpha], 1), 1)
    weight = alpha * through[:, :-1]
    planes = torch.cat([colour, torch.ones_like(opacity)[:, None], points[:, 2:3]], 1)
    return (weight @ planes).T.reshape(5, int(height), int(width))
