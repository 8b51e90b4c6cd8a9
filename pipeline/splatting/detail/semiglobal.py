"""Semi-global matching (Hirschmueller 2008): costs of labels, aggregated along rows and columns."""

import numba
import numpy as np

from pipeline.core.arrays import F32
from pipeline.splatting.raster import threads  # noqa: F401   before the first kernel


def aggregated(cost: F32, step_cost: float, jump_cost: float) -> F32:
    """Sum the least costs of paths that end at each pixel with each label, along four directions.

    `cost` [h, w, labels], and so is the result. A path pays `step_cost` where its label changes by one, `jump_cost`
    where it changes by more.
    """
    out = np.zeros_like(cost)
    for turned in (False, True):
        for back in (False, True):
            _along_rows(cost, out, np.float32(step_cost), np.float32(jump_cost), turned, back)
    return out


@numba.njit(cache=True, fastmath={"contract", "nsz"}, error_model="numpy")
def _along_rows(cost: F32, out: F32, step_cost: float, jump_cost: float, turned: bool, back: bool) -> None:
    """Add to `out` the paths along rows, or columns if `turned`; from the end if `back`."""
    height, width, labels = cost.shape
    lines, length = (width, height) if turned else (height, width)
    path, before = np.zeros(labels, np.float32), np.zeros(labels, np.float32)
    for line in range(lines):
        before[:] = 0.0
        for step in range(length):
            at = length - 1 - step if back else step
            y, x = (at, line) if turned else (line, at)
            least = before[0]
            for k in range(1, labels):
                least = min(least, before[k])
            for k in range(labels):
                best = min(before[k], least + jump_cost)
                if k > 0:
                    best = min(best, before[k - 1] + step_cost)
                if k + 1 < labels:
                    best = min(best, before[k + 1] + step_cost)
                path[k] = cost[y, x, k] + best - least
                out[y, x, k] += path[k]
            before[:] = path
