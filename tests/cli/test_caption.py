import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from pipeline.cli.app import app
from pipeline.core.errors import BadInput
from tests.catalog.toy_shoot import CLAIMS, ToyShoot


def shown(catalog_url: str, monkeypatch: pytest.MonkeyPatch, *arguments: str) -> str:
    monkeypatch.setenv("CATALOG_DATABASE_URL", catalog_url)
    monkeypatch.setenv("COLUMNS", "200")
    result = CliRunner().invoke(app, ["caption", *arguments])
    if result.exception and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result.output


def test_caption_is_shown_with_the_evidence_for_its_claims(
    tmp_path: Path, catalog_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    ToyShoot(tmp_path, catalog_url).publish()
    text = shown(catalog_url, monkeypatch, "MUG-1")
    assert "A mug." in text and "fact:title" in text
    assert "unsupported, dropped" in text
    printed = json.loads(shown(catalog_url, monkeypatch, "MUG-1", "--json"))
    assert printed["captions"][0]["claims"] == [claim.model_dump(mode="json") for claim in CLAIMS]


def test_product_without_a_caption_is_refused(catalog_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(BadInput, match="no caption of 'MUG-9'"):
        shown(catalog_url, monkeypatch, "MUG-9")
