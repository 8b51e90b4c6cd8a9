from datetime import timedelta
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


@pytest.mark.parametrize(
    ("text", "span"),
    [("6h", timedelta(hours=6)), ("90 m", timedelta(minutes=90)), ("1.5d", timedelta(hours=36)), ("", None)],
)
def test_a_deadline_is_a_span_as_people_write_it(monkeypatch: pytest.MonkeyPatch, text: str, span: object) -> None:
    monkeypatch.setenv("CATALOG_DEADLINE", text)
    assert read_settings().deadline == span


@pytest.mark.parametrize("text", ["six hours", "08:00", "6", "0h", "-1h"])
def test_another_deadline_is_refused(monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    monkeypatch.setenv("CATALOG_DEADLINE", text)
    with pytest.raises(BadInput, match="CATALOG_DEADLINE: "):
        read_settings()


def test_connections_for_notices_are_ids_of_airflow(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CATALOG_NOTIFY", "shop-slack, team_mail,shop-slack")
    assert read_settings().notify_connections == ("shop-slack", "team_mail")
    monkeypatch.setenv("CATALOG_NOTIFY", "https://hooks.slack.com/services/T/B/secret")
    with pytest.raises(BadInput, match="CATALOG_NOTIFY: has something else than ids of connections") as raised:
        read_settings()
    assert "secret" not in str(raised.value) and raised.value.__suppress_context__
