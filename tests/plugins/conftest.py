"""Airflow for tests of the task factory: an empty home, and plugins/ on the path, as Airflow puts it there."""

import os
import sys
import tempfile
from pathlib import Path

import pytest

PROJECT = Path(__file__).resolve().parents[2]
os.environ.setdefault("AIRFLOW_HOME", tempfile.mkdtemp(prefix="catalog-airflow-"))
os.environ.setdefault("AIRFLOW__CORE__LOAD_EXAMPLES", "False")
sys.path.append(str(PROJECT / "plugins"))

RUN = "manual__1"


@pytest.fixture
def url(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """A catalog in which the run RUN has planned the shoot `mug`."""
    from pipeline.catalog.shoots import record_planned

    url = f"sqlite:///{tmp_path / 'catalog.db'}"
    monkeypatch.setenv("CATALOG_DATABASE_URL", url)
    record_planned(url, RUN, sku="mug", collection="c", source="s", listing_digest="0" * 64, plan_digest="1" * 64)
    return url
