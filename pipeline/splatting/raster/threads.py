"""Threading: numba's layer, chosen once per process before any kernel runs, and torch's thread count during a fit.

GNU OpenMP, numba's usual layer, spins at every barrier: on a machine with shared cores, that took five times as long as
the work itself, and a process that has used it must not fork. numba's own work queue sleeps instead. It serves one
caller at a time: do not call this package's kernels from two Python threads of a process at once. The variable
NUMBA_THREADING_LAYER takes precedence.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager

import numba

if "NUMBA_THREADING_LAYER" not in os.environ:
    numba.config.THREADING_LAYER = "workqueue"


@contextmanager
def one_torch_thread() -> Iterator[None]:
    """Run torch on one thread within the context, and restore its thread count afterwards.

    A fit leaves only small operations to torch; distributing them by OpenMP, which spins at every barrier, doubled the
    CPU time of an iteration.
    """
    import torch

    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)
