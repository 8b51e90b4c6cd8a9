"""The cup's photos and what is made of them, once for all files of this folder: see WholeRuns in tests/conftest.py."""

import pytest

from pipeline.splatting.carving.refine import refine
from pipeline.splatting.carving.sweep import sweep
from tests.splatting.carving.cup import BOX, SIZE, shot


@pytest.fixture(scope="package")
def cup():
    return [shot(i, 250.0) for i in range(15)]


@pytest.fixture(scope="package")
def coarse(cup):
    return sweep(cup, BOX)


@pytest.fixture(scope="package")
def fine(cup, coarse):
    return refine(coarse, cup, SIZE)


@pytest.fixture(scope="package")
def plain():
    """Photos of a cup without texture."""
    return [shot(i, 0.0) for i in range(15)]


@pytest.fixture(scope="package")
def coarse_of_plain(plain):
    return sweep(plain, BOX)
