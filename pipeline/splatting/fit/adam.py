"""Adam (Kingma & Ba 2015) with a learning rate per tensor and moments that follow the Gaussians; fused on the CPU."""

import math
from dataclasses import dataclass, field

import numba
import numpy as np
import torch

from pipeline.core.arrays import F32
from pipeline.splatting.raster import threads  # noqa: F401   before the first kernel

BETA1, BETA2, EPSILON = 0.9, 0.999, 1e-15
_BLOCK = 8192
PARALLEL_FROM = 65536  # elements; below, waking a second thread costs more than it saves


@numba.njit(cache=True, fastmath=True, error_model="numpy")
def _update_block(p: F32, g: F32, m: F32, v: F32, rate: float, root: float) -> None:
    b1, b2, eps = np.float32(BETA1), np.float32(BETA2), np.float32(EPSILON)
    c1, c2 = np.float32(1.0 - BETA1), np.float32(1.0 - BETA2)
    for i in range(p.size):
        m[i] = b1 * m[i] + c1 * g[i]
        v[i] = b2 * v[i] + c2 * g[i] * g[i]
        p[i] -= rate * m[i] / (np.sqrt(v[i]) * root + eps)


@numba.njit(cache=True, fastmath=True, error_model="numpy", parallel=True)
def _update(p: F32, g: F32, m: F32, v: F32, rate: float, root: float) -> None:
    for block in numba.prange((p.size + _BLOCK - 1) // _BLOCK):
        a, b = block * _BLOCK, min(p.size, (block + 1) * _BLOCK)
        _update_block(p[a:b], g[a:b], m[a:b], v[a:b], np.float32(rate), np.float32(root))


@dataclass
class Moments:
    """First and second moments of one tensor, and the number of steps they have seen."""

    first: torch.Tensor
    second: torch.Tensor
    steps: int = 0


@dataclass
class Adam:
    """Moments by tensor name, updated in place by `step`; part of a fit's state."""

    moments: dict[str, Moments] = field(default_factory=dict)

    def step(self, name: str, value: torch.Tensor, gradient: torch.Tensor, rate: float) -> None:
        """Update `value` (contiguous, in place) once, with learning rate `rate`."""
        if name not in self.moments:
            self.moments[name] = Moments(torch.zeros_like(value), torch.zeros_like(value))
        m = self.moments[name]
        m.steps += 1
        bias1, bias2 = 1 - BETA1**m.steps, 1 - BETA2**m.steps
        rate, root = rate / bias1, 1 / math.sqrt(bias2)
        with torch.no_grad():
            if value.device.type == "cpu":
                flat = [t.detach().view(-1).numpy() for t in (value, gradient.contiguous(), m.first, m.second)]
                update = _update if value.numel() > PARALLEL_FROM else _update_block
                update(*flat, np.float32(rate), np.float32(root))
                return
            m.first.lerp_(gradient, 1 - BETA1)
            m.second.mul_(BETA2).addcmul_(gradient, gradient, value=1 - BETA2)
            value.addcdiv_(m.first, m.second.sqrt().mul_(root).add_(EPSILON), value=-rate)

    def reindex(self, name: str, index: torch.Tensor, fresh: torch.Tensor) -> None:
        """Rearrange the moments' rows: row i continues row `index[i]`, or starts at zero where `fresh[i]`."""
        if name not in self.moments:
            return
        m = self.moments[name]
        for moment in ("first", "second"):
            rows = getattr(m, moment)[index]
            rows[fresh] = 0.0
            setattr(m, moment, rows.contiguous())
