"""A folder to fetch to, and two finished files."""

from pathlib import Path

import pytest

from pipeline.contract.store import Store
from pipeline.fetch.listing import FetchedFile
from tests.fetch.made import fetched


@pytest.fixture
def out(tmp_path: Path) -> Path:
    return tmp_path / "shop"


@pytest.fixture
def files(store: Store) -> list[FetchedFile]:
    """The files of two assets in two folders."""
    return [fetched(store, "mug/front.jpg", b"front"), fetched(store, "cup/left.jpg", b"left")]
