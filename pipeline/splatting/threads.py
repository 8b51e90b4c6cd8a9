"""How numba's threads wait: chosen before any kernel runs, once a process.

GNU OpenMP, numba's usual choice, spins at every barrier; on a machine whose cores others use too, that cost five times
the work itself, and a process that has used it may not fork. numba's own work queue sleeps. It serves one caller at a
time: do not call this package's kernels from two Python threads of a process at once. NUMBA_THREADING_LAYER overrides.
"""

import os

import numba

if "NUMBA_THREADING_LAYER" not in os.environ:
    numba.config.THREADING_LAYER = "workqueue"
