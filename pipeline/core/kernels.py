"""Kernels that numba compiled when the image was made, for processes that may not write to the image."""

import os
import shutil
import sys
import tempfile
from pathlib import Path


def take_kernels() -> None:
    """Copy the folder KERNELS_DIR to NUMBA_CACHE_DIR, unless that is there already.

    numba uses no cache in a folder that it cannot write to, and would compile for a minute in every new container. Both
    variables are set by deploy/Dockerfile, together with NUMBA_CPU_NAME: only processes that compile for the same kind
    of processor find these kernels. Must be called before numba is imported. Ends the process with exit code 1 and one
    line on stderr when the folder cannot be read or copied.
    """
    made, wanted = os.environ.get("KERNELS_DIR"), os.environ.get("NUMBA_CACHE_DIR")
    if not made or not wanted or Path(wanted).exists():
        return
    try:
        _copy(Path(made), Path(wanted).absolute())
    except OSError as error:
        reason = error.strerror or error.args[0][0][2]  # copytree collects the reasons of all files
        sys.exit(
            f"error: the kernels of KERNELS_DIR={made} cannot be copied to NUMBA_CACHE_DIR={wanted}: {reason}. "
            "Make room there, or unset KERNELS_DIR to compile them anew"
        )


def _copy(made: Path, wanted: Path) -> None:
    """Copy a folder so that `wanted` is there whole or not at all."""
    wanted.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=wanted.parent) as temporary:
        copied = shutil.copytree(made, Path(temporary) / "kernels")
        try:
            copied.rename(wanted)
        except OSError:
            if not wanted.exists():  # else another process of this container was first
                raise
