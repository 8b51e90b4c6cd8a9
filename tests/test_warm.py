"""What `make setup` compiles is all that a shoot needs, so that no first run waits for a compiler."""

import subprocess
import sys

SCRIPT = """
from importlib import import_module
from pathlib import Path

from numba.core.dispatcher import Dispatcher

from pipeline.warm import warm_matting, warm_splatting

warm_splatting(warm_matting())
for path in sorted(Path("pipeline").rglob("*.py")):
    if "numba" in path.read_text() and path.name != "warm.py":
        module = import_module(".".join(path.with_suffix("").parts))
        for name, kernel in vars(module).items():
            if isinstance(kernel, Dispatcher) and kernel.targetoptions.get("parallel") and not kernel.signatures:
                print(f"{module.__name__}.{name}")
"""


def test_setup_compiles_every_parallel_kernel():
    done = subprocess.run([sys.executable, "-c", SCRIPT], capture_output=True, text=True, check=True)
    assert done.stdout.split() == []
