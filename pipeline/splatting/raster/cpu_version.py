"""The version of the CPU rasterizer, without loading it."""

from importlib.metadata import version


def cpu_version() -> str:
    """Return the versions of the project and of numba."""
    return f"catalog-pipeline {version('catalog-pipeline')}, numba {version('numba')}"
