"""How threads wait: numba's, chosen before any kernel runs, once a process; and torch's, while a fit runs.

GNU OpenMP, numba's usual choice, spins at every barrier; on a machine whose cores others use too, that cost five times
the work itself, and a process that has used it may not fork. numba's own work queue sleeps. It serves one caller at a
time: do not call this package's kernels from two Python threads of a process at once. NUMBA_THREADING_LAYER overrides.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager

import numba
import torch

if "NUMBA_THREADING_LAYER" not in os.environ:
    numba.config.THREADING_LAYER = "workqueue"


@contextmanager
def one_torch_thread() -> Iterator[None]:
    """Torch alone on one thread; what it was before comes back at the end.

    A fit leaves torch only small sums; sharing them out through OpenMP, which spins at every barrier, doubled the CPU
    time of an iteration.
    """
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)
