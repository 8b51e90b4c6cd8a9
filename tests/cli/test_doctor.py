from pathlib import Path

import pytest

from pipeline.cli import doctor
from pipeline.settings import Settings


def test_a_store_that_cannot_be_made_is_a_finding_and_not_the_end(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    finding = doctor._store(Settings(store=tmp_path / "file" / "store"))
    assert finding.state == "missing"
    assert "cannot be written: Not a directory" in finding.words and "CATALOG_STORE" in finding.words
    assert doctor._store(Settings(store=tmp_path / "store")).state == "ok"


def test_gsplat_without_a_gpu_is_not_ok(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doctor, "find_spec", lambda _: object())
    monkeypatch.setattr("torch.cuda.is_available", lambda: False)
    state = {finding.what: finding.state for finding in doctor._extras()}
    assert state["gsplat"] == "optional"
    assert state["psycopg"] == "ok"
