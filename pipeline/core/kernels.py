"""Kernels that numba compiled when the image was made, for processes that may not write to the image."""

import os
import shutil
import tempfile
from contextlib import suppress
from pathlib import Path


def take_kernels() -> None:
    """Copy the folder KERNELS_DIR to NUMBA_CACHE_DIR, unless that is there already.

    numba uses no cache in a folder that it cannot write to, and would compile for a minute in every new container. Both
    variables are set by deploy/Dockerfile, together with NUMBA_CPU_NAME: only processes that compile for the same kind
    of processor find these kernels. Must be called before numba is imported.
    """
    made, wanted = os.environ.get("KERNELS_DIR"), os.environ.get("NUMBA_CACHE_DIR")
    if not made or not wanted or Path(wanted).exists():
        return
    folder = Path(wanted).absolute()
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder.parent) as temporary:
        copied = shutil.copytree(made, Path(temporary) / "kernels")
        with suppress(OSError):  # another process of this container was first
            copied.rename(folder)
