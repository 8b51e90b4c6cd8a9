"""Opens the catalog database by its URL, brings its tables up to date, and keeps its password out of every message."""

import fcntl
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import URL, Connection, Engine, NullPool, create_engine, event, make_url, text
from sqlalchemy.exc import ArgumentError, DBAPIError
from sqlalchemy.orm import Session

from pipeline.core.errors import BadInput, CatalogError, MissingEngine, StoreFull

BUSY_SECONDS = 60  # how long a writer waits for another; a publish takes well under a second
WRITER_LOCK = 0x0CA7A106  # PostgreSQL advisory lock: writers follow each other, as SQLite has it anyway
MIGRATIONS = Path(__file__).parent / "migrations"
_LOST = "put a backup back; or move it away and run the shoots again: publish fills a new one from the store"
REMEDIES = {  # by SQLite's words
    "readonly database": "let this user write the file and its folder",
    "unable to open": "let this user read and write the file and its folder",
    "disk I/O error": "look at the disk and at this user's limits on it, then run again: nothing was changed",
    "database is locked": "another process holds it: let it end or stop it, then run again",
    "not a database": _LOST,
    "malformed": _LOST,
}


class Catalog:
    """The catalog database behind one URL; opening it brings the tables to the newest migration.

    Safe when several processes open it at once, and after a fork: every session has a connection of its own.
    Raises BadInput for a URL that is none, MissingEngine when its driver is not installed, CatalogError when it cannot
    be reached.
    """

    def __init__(self, url: str) -> None:
        self.url = parse_url(url)
        if self.url.get_backend_name() == "sqlite":
            _make_folder(self.url)
        self.engine = _engine(self.url)
        with self._clear_errors():
            self._migrate()

    @contextmanager
    def read(self) -> Iterator[Session]:
        """A session that reads one consistent state and writes nothing."""
        with self._clear_errors(), Session(self.engine) as session, session.begin():
            yield session
            session.rollback()

    @contextmanager
    def write(self) -> Iterator[Session]:
        """A session whose changes appear together when the block ends, or not at all. Writers follow each other."""
        with self._clear_errors(), self._writing() as connection, Session(bind=connection) as session:
            yield session
            session.flush()

    @contextmanager
    def _writing(self) -> Iterator[Connection]:
        engine = self.engine.execution_options(catalog_writes=True)
        with engine.begin() as connection:
            if self.url.get_backend_name() == "postgresql":
                connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": WRITER_LOCK})
            yield connection

    def _migrate(self) -> None:
        config = Config()
        config.set_main_option("script_location", MIGRATIONS.as_posix())
        scripts = ScriptDirectory.from_config(config)
        with self.engine.connect() as connection:
            standing = MigrationContext.configure(connection).get_current_revision()
        if standing == scripts.get_current_head():
            return
        if standing not in {None, *(script.revision for script in scripts.walk_revisions())}:
            raise CatalogError(
                f"the catalog database {describe(self.url)} has tables of a newer release (migration {standing})",
                remedy="use that release of catalog-pipeline, or name another database in CATALOG_DATABASE_URL",
            )
        with _one_at_a_time(self.url):
            if self.url.get_backend_name() == "sqlite":
                with (
                    self.engine.connect() as connection
                ):  # remembered in the file; SQLite asks for it outside a transaction
                    _dbapi(connection).execute("PRAGMA journal_mode=WAL")
            with self._writing() as connection:
                config.attributes["connection"] = connection
                command.upgrade(config, "head")

    @contextmanager
    def _clear_errors(self) -> Iterator[None]:
        """Turn a driver's error into one sentence. The cause is cut off: tracebacks of drivers may show the URL."""
        try:
            yield
        except DBAPIError as error:
            words = " ".join(str(error.orig).split())
            failure = _failure(f"the catalog database {describe(self.url)} failed: {without_secrets(words, self.url)}")
        else:
            return
        raise failure


def parse_url(url: str) -> URL:
    """The URL with its driver. `postgres://` and `postgresql://` mean psycopg. Raises BadInput, MissingEngine."""
    try:
        parsed = make_url(url)
    except (ArgumentError, ValueError):  # the raw text may hold a password, so it is not repeated
        parsed = None
    if parsed is None or parsed.drivername.split("+")[0] not in {"sqlite", "postgresql", "postgres"}:
        raise BadInput(
            "the catalog database's URL is not one that the catalog can use",
            remedy="set CATALOG_DATABASE_URL to sqlite:////folder/catalog.db or postgresql://user:password@host/name",
        )
    if parsed.drivername in {"postgres", "postgresql"}:
        parsed = parsed.set(drivername="postgresql+psycopg")
    if parsed.drivername == "postgresql+psycopg" and find_spec("psycopg") is None:
        raise MissingEngine(
            "the catalog database is PostgreSQL and psycopg is not installed",
            remedy="install catalog-pipeline[postgres]",
        )
    return parsed


def describe(url: URL) -> str:
    """The database as one may print it: no user, no password, no options."""
    if url.get_backend_name() == "sqlite":
        return url.database or "in memory"
    return f"{url.get_backend_name()}://{url.host or ''}{f':{url.port}' if url.port else ''}/{url.database or ''}"


def without_secrets(words: str, url: URL) -> str:
    """`words` with every secret of the URL blotted out."""
    secrets = [str(url.password)] if url.password else []
    secrets += [str(value) for name, value in url.query.items() if "pass" in name.lower() or "key" in name.lower()]
    for secret in secrets:
        words = words.replace(secret, "***")
    return words


def _failure(message: str) -> CatalogError:
    if "disk is full" in message or "No space left" in message:
        return StoreFull(message, remedy="free disk space, then run again: finished work is kept")
    for words, remedy in REMEDIES.items():
        if words in message:
            return CatalogError(message, remedy=remedy)
    return CatalogError(message, remedy="check that it runs and that CATALOG_DATABASE_URL is right")


def _engine(url: URL) -> Engine:
    if url.get_backend_name() != "sqlite":
        return create_engine(url, poolclass=NullPool, connect_args={"connect_timeout": 10})
    engine = create_engine(url, poolclass=NullPool, connect_args={"timeout": BUSY_SECONDS})
    event.listen(engine, "connect", _prepare_sqlite)
    event.listen(engine, "begin", _begin_sqlite)
    return engine


def _prepare_sqlite(connection: Any, _record: Any) -> None:
    connection.isolation_level = None  # we say BEGIN ourselves: Python's own would leave DDL outside of the transaction
    connection.execute("PRAGMA foreign_keys=ON")
    connection.execute("PRAGMA synchronous=NORMAL")


def _begin_sqlite(connection: Connection) -> None:
    """A writer takes the lock at once, so that it never fails half-way because another writer was faster."""
    writes = connection.get_execution_options().get("catalog_writes", False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")


def _dbapi(connection: Connection) -> sqlite3.Connection:
    driver: Any = connection.connection.driver_connection
    return driver  # type: ignore[no-any-return]


def _make_folder(url: URL) -> None:
    if url.database in {None, "", ":memory:"}:
        raise BadInput(
            "the catalog database's URL names no file, and a database in memory is lost at once",
            remedy="write sqlite:////folder/catalog.db into CATALOG_DATABASE_URL",
        )
    folder = Path(str(url.database)).absolute().parent
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise CatalogError(
            f"the folder {folder} of the catalog database cannot be made: {error.strerror}",
            remedy="name a folder that can be written in CATALOG_DATABASE_URL",
        ) from None


@contextmanager
def _one_at_a_time(url: URL) -> Iterator[None]:
    """While SQLite's file changes its journal mode it answers "locked" at once, without waiting; so wait before."""
    if url.get_backend_name() != "sqlite":
        yield
        return
    try:
        file = Path(f"{url.database}.lock").open("w")  # noqa: SIM115 - closed below, after what is done under it
    except OSError as error:
        raise CatalogError(
            f"{url.database}.lock cannot be written: {error.strerror}",
            remedy="name a file in a folder that can be written in CATALOG_DATABASE_URL",
        ) from None
    with file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield
