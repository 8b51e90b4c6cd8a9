import multiprocessing
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import select, text
from sqlalchemy.exc import IntegrityError

from pipeline.catalog import (  # noqa: F401 - their tables are compared too
    board_tables,
    caption_tables,
    database,
    fact_tables,
    review_tables,
    run_tables,
    vector_tables,
    version_tables,
)
from pipeline.catalog.database import MIGRATIONS, NEWEST, Catalog, describe, parse_url, without_secrets
from pipeline.catalog.run_tables import RunShootRow
from pipeline.catalog.shoots import known_shoots, record_fate, record_planned
from pipeline.catalog.tables import AssetRow, Base, ShootRow
from pipeline.catalog.version_tables import VersionRow
from pipeline.core.errors import BadInput, CatalogError, MissingEngine, StoreFull
from tests.catalog.toy_shoot import ToyShoot

pytestmark = pytest.mark.usefixtures("migrated_catalogs")


def shoot(sku: str) -> ShootRow:
    return ShootRow(sku=sku, collection="autumn", source="", attributes={}, fate="planned", reason="")


def test_migrations_create_exactly_the_tables(empty_catalog_url: str) -> None:
    with Catalog(empty_catalog_url).engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, Base.metadata) == []


def test_newest_is_the_last_migration() -> None:
    assert ScriptDirectory(str(MIGRATIONS)).get_current_head() == NEWEST


def test_opening_a_current_database_does_not_load_alembic(empty_catalog_url: str) -> None:
    Catalog(empty_catalog_url)
    script = "import sys; from pipeline.catalog.database import Catalog; Catalog(sys.argv[1]); print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", script, empty_catalog_url], capture_output=True, text=True, check=True)
    assert "sqlalchemy" in done.stdout.split()
    assert "alembic" not in done.stdout.split()


def test_database_of_an_earlier_release_is_migrated(empty_catalog_url: str) -> None:
    record_planned(
        empty_catalog_url, "night", sku="A", collection="autumn", source="/a", listing_digest="", plan_digest=""
    )
    catalog = Catalog(empty_catalog_url)
    catalog.downgrade("0001")
    with Catalog(empty_catalog_url).read() as session:
        assert [(shoot.source, shoot.attributes) for shoot in session.scalars(select(ShootRow))] == [("/a", {})]


def test_words_of_states_are_renamed_and_renamed_back(empty_catalog_url: str, tmp_path: Path) -> None:
    ToyShoot(tmp_path, empty_catalog_url, verdict="in review").publish()
    record_fate(empty_catalog_url, "night", "broken", "refused", "no sku", collection="autumn", source="/broken")
    catalog = Catalog(empty_catalog_url)

    def words() -> list[set[str]]:
        queries = (
            select(AssetRow.verdict),
            select(VersionRow.verdict),
            select(ShootRow.fate),
            select(RunShootRow.fate),
        )
        with catalog.read() as session:
            return [set(session.scalars(query)) for query in queries]

    new = words()
    assert new[:2] == [{"in review"}] * 2 and all("refused" in fates for fates in new[2:])
    catalog.downgrade("0009")
    old = words()
    assert old[:2] == [{"needs review"}] * 2 and all(
        {"bad input"} <= fates and "refused" not in fates for fates in old[2:]
    )
    assert Catalog(empty_catalog_url) and words() == new


def test_database_of_a_newer_release_is_refused_and_unchanged(empty_catalog_url: str) -> None:
    catalog = Catalog(empty_catalog_url)
    with catalog.write() as session:
        session.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(CatalogError, match=r"a newer release \(migration 9999\).*CATALOG_DATABASE_URL"):
        Catalog(empty_catalog_url)
    with catalog.read() as session:
        assert session.scalar(text("SELECT version_num FROM alembic_version")) == "9999"


def test_locked_database_is_reported(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(database, "BUSY_SECONDS", 0.05)
    url = f"sqlite:///{tmp_path / 'catalog.db'}"
    with (
        Catalog(url).write(),
        pytest.raises(CatalogError, match=r"catalog\.db failed: database is locked\. Another process holds the lock"),
        Catalog(url).write(),
    ):
        pass


def test_corrupt_database_is_reported_and_unchanged(tmp_path: Path) -> None:
    file = tmp_path / "catalog.db"
    Catalog(f"sqlite:///{file}")
    file.write_bytes(file.read_bytes()[:20_000])
    before = file.read_bytes()
    with pytest.raises(CatalogError, match=r"catalog\.db failed: .*malformed\. Restore a backup"):
        Catalog(f"sqlite:///{file}")
    assert file.read_bytes() == before


def test_reopening_keeps_existing_rows(empty_catalog_url: str) -> None:
    with Catalog(empty_catalog_url).write() as session:
        session.add(shoot("A"))
    with Catalog(empty_catalog_url).read() as session:
        assert session.scalars(select(ShootRow.sku)).all() == ["A"]


def _open(url: str, barrier: object, results: object) -> None:
    barrier.wait()  # type: ignore[attr-defined]
    try:
        record_planned(
            url,
            "night",
            sku=multiprocessing.current_process().name,
            collection="",
            source="",
            listing_digest="",
            plan_digest="",
        )
        results.put("ok")  # type: ignore[attr-defined]
    except BaseException as error:
        results.put(repr(error))  # type: ignore[attr-defined]


def test_four_processes_can_open_an_empty_database_at_once(empty_catalog_url: str) -> None:
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload([__name__])
    barrier, results = context.Barrier(4), context.Queue()
    processes = [
        context.Process(target=_open, args=(empty_catalog_url, barrier, results), name=f"P{n}") for n in range(4)
    ]
    for process in processes:
        process.start()
    assert [results.get(timeout=120) for _ in processes] == ["ok"] * 4
    for process in processes:
        process.join()
    assert sorted(known_shoots(empty_catalog_url)) == ["P0", "P1", "P2", "P3"]


def test_failed_write_is_rolled_back(empty_catalog_url: str) -> None:
    catalog = Catalog(empty_catalog_url)

    def fail() -> None:
        with catalog.write() as session:
            session.add(shoot("A"))
            session.flush()
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail()
    assert known_shoots(empty_catalog_url) == {}


def test_foreign_keys_are_enforced(empty_catalog_url: str) -> None:
    with pytest.raises((CatalogError, IntegrityError)), Catalog(empty_catalog_url).write() as session:
        session.execute(
            text("INSERT INTO captions VALUES ('no shoot','en','e',null,'t','d','[]','{}','{}','a','{}','p',null)")
        )


def test_pooled_connections_are_kept_and_replaced_when_they_break(empty_catalog_url: str) -> None:
    catalog = Catalog(empty_catalog_url, pooled=True)
    with catalog.write() as session:
        session.add(shoot("A"))
        kept = session.connection().connection.driver_connection
    with catalog.read() as session:
        assert session.connection().connection.driver_connection is kept
        assert session.scalars(select(ShootRow.sku)).all() == ["A"]
    kept.close()
    with catalog.read() as session:
        assert session.scalars(select(ShootRow.sku)).all() == ["A"]
    with pytest.raises((CatalogError, IntegrityError)), catalog.write() as session:
        session.execute(text("INSERT INTO shoot_facts (fact_id, sku) VALUES (1, 'no shoot')"))


def test_sqlite_uses_a_write_ahead_log(tmp_path: Path) -> None:
    Catalog(f"sqlite:///{tmp_path}/a/catalog.db")
    with sqlite3.connect(tmp_path / "a" / "catalog.db") as connection:
        assert connection.execute("PRAGMA journal_mode").fetchone() == ("wal",)


def test_full_disk_is_reported_and_changes_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    url = f"sqlite:///{tmp_path}/catalog.db"
    with Catalog(url).write() as session:
        session.add(shoot("A"))
    prepare = database._prepare_sqlite

    def small(connection: sqlite3.Connection, record: object) -> None:
        prepare(connection, record)
        connection.execute("PRAGMA max_page_count=1")  # SQLite raises it to the pages already in use

    monkeypatch.setattr(database, "_prepare_sqlite", small)
    with pytest.raises(StoreFull, match="disk is full"), Catalog(url).write() as session:
        session.add_all([shoot(f"B{number}" * 20) for number in range(500)])
    monkeypatch.undo()
    assert list(known_shoots(url)) == ["A"]


def test_folder_that_cannot_be_created_is_reported(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(CatalogError, match="cannot be created"):
        Catalog(f"sqlite:///{tmp_path}/file/below/catalog.db")


def test_file_that_is_not_a_database_is_reported(tmp_path: Path) -> None:
    (tmp_path / "catalog.db").write_bytes(b"not a database, certainly" * 100)
    with pytest.raises(CatalogError, match=r"catalog\.db failed: .*not a database"):
        Catalog(f"sqlite:///{tmp_path}/catalog.db")


@pytest.mark.parametrize(
    "url", ["", "nonsense", "mysql://root:tops3cret@host/db", "postgresql://a:tops3cret@h:port/db"]
)
def test_unusable_url_is_refused_without_repeating_it(url: str) -> None:
    with pytest.raises(BadInput, match="CATALOG_DATABASE_URL") as caught:
        parse_url(url)
    assert "tops3cret" not in str(caught.value)
    assert caught.value.__cause__ is None and caught.value.__context__ is None


def test_in_memory_database_is_refused() -> None:
    with pytest.raises(BadInput, match="in memory"):
        Catalog("sqlite://")


def test_missing_driver_error_names_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pipeline.catalog.database.find_spec", lambda _name: None)
    with pytest.raises(MissingEngine, match=r"catalog-pipeline\[postgres\]"):
        parse_url("postgresql://host/db")


def test_secrets_are_removed_from_messages() -> None:
    url = parse_url("postgres://shop:pa%40ss@db.example:5433/catalog?sslpassword=hush&application_name=nightly")
    assert describe(url) == "postgresql://db.example:5433/catalog"
    assert without_secrets("pa@ss or hush by nightly", url) == "*** or *** by nightly"


def test_sqlite_finds_the_assets_of_a_product_without_statistics(tmp_path: Path) -> None:
    """An index of all current assets looks better to SQLite where it does not know how many there are."""
    query = select(AssetRow.step_id).where(AssetRow.sku == "MUG-1", AssetRow.current)
    with Catalog(f"sqlite:///{tmp_path}/catalog.db").engine.connect() as connection:
        compiled = query.compile(connection, compile_kwargs={"literal_binds": True})
        plan = connection.execute(text(f"EXPLAIN QUERY PLAN {compiled}")).all()
    assert "ix_assets_sku" in str(plan)


def test_sqlite_takes_statistics_when_it_is_asked_to(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/catalog.db"
    ToyShoot(tmp_path, url).publish()
    Catalog(url).take_statistics()
    with sqlite3.connect(tmp_path / "catalog.db") as connection:
        assert ("assets",) in connection.execute("SELECT tbl FROM sqlite_stat1").fetchall()
