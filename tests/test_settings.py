from pathlib import Path

import pytest
from sqlalchemy import make_url

from pipeline.catalog.database import Catalog
from pipeline.core.errors import BadInput
from pipeline.settings import read_settings


@pytest.fixture(autouse=True)
def _own_database(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CATALOG_DATABASE_URL", raising=False)


@pytest.mark.parametrize("folder", ["what?", "50%", "a%20b", "two words", "Läden", "a#b&c=d", "a:b@c", "日本"])
def test_the_database_lies_beside_the_store_whatever_its_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, folder: str
) -> None:
    monkeypatch.setenv("CATALOG_STORE", str(tmp_path / folder / "store"))
    settings = read_settings()
    assert settings.store == tmp_path / folder / "store"
    assert make_url(settings.catalog_url).database == str(tmp_path / folder / "catalog.db")
    Catalog(settings.catalog_url)
    assert [path.name for path in tmp_path.iterdir()] == [folder]
    assert (tmp_path / folder / "catalog.db").is_file()


def test_a_tilde_is_the_home_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("CATALOG_STORE", "~/store")
    monkeypatch.setenv("CATALOG_SHOOTS", "~")
    assert (read_settings().store, read_settings().shoots) == (tmp_path / "store", tmp_path)


@pytest.mark.parametrize("name", ["CATALOG_STORE", "CATALOG_SHOOTS"])
@pytest.mark.parametrize(
    ("value", "message"),
    [("", "is empty"), ("  ", "is empty"), ("~nobody-here/x", "no such user"), ("a\nb", "invisible characters")],
)
def test_a_path_that_cannot_be_meant_is_refused(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str, message: str
) -> None:
    monkeypatch.setenv(name, value)
    with pytest.raises(BadInput, match=f"{name}: .*{message}.*Correct the environment variable"):
        read_settings()


def test_a_wrong_number_is_named_with_its_value(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CATALOG_RETRIES", "many")
    with pytest.raises(BadInput, match=r"CATALOG_RETRIES: .*\(got 'many'\)"):
        read_settings()
