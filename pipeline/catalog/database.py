"""Opens the catalog database by URL, migrates its tables, and keeps its password out of every message."""

import fcntl
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sqlalchemy import URL, Connection, Engine, NullPool, create_engine, event, inspect, make_url, text
from sqlalchemy.exc import ArgumentError, DBAPIError
from sqlalchemy.orm import Session

from pipeline.core.errors import BadInput, CatalogError, MissingEngine, StoreFull

if TYPE_CHECKING:
    from alembic.config import Config

BUSY_SECONDS = 60  # how long a writer waits for the lock; one publish takes well under a second
WRITER_LOCK = 0x0CA7A106  # PostgreSQL advisory lock that serialises writers, as SQLite does by itself
MIGRATIONS = Path(__file__).parent / "migrations"
NEWEST = "0014"  # the last migration
SAMPLED = 1000  # rows of each index from which SQLite takes its statistics; 0.04 s at a million assets
_CORRUPT = "Restore a backup; or move the file away and run the shoots again: publish refills it from the store"
REMEDIES = {  # by a part of SQLite's error message
    "readonly database": "Give this user write permission on the file and its folder",
    "unable to open": "Give this user read and write permission on the file and its folder",
    "disk I/O error": "Check the disk and this user's quota, then run again: nothing was changed",
    "database is locked": "Another process holds the lock: wait for it or stop it, then run again",
    "not a database": _CORRUPT,
    "malformed": _CORRUPT,
}


class Catalog:
    """The catalog database at one URL; opening it migrates the tables to the newest version.

    Several processes may open it at once, and it survives a fork: every session has its own connection. With `pooled`,
    connections are kept for the next session, which saves a server of pages about 10 ms of PostgreSQL's time for each;
    such a catalog must be opened after the last fork.
    Raises BadInput for an unusable URL, MissingEngine when the driver is not installed, CatalogError when the database
    cannot be reached.
    """

    def __init__(self, url: str, *, pooled: bool = False) -> None:
        self.url = parse_url(url)
        if self.url.get_backend_name() == "sqlite":
            _make_folder(self.url)
        self.engine = _engine(self.url, pooled)
        with self._translate_errors():
            self._migrate()

    @contextmanager
    def read(self) -> Iterator[Session]:
        """Yield a session that reads one consistent snapshot and writes nothing."""
        with self._translate_errors(), Session(self.engine) as session, session.begin():
            yield session
            session.rollback()

    @contextmanager
    def write(self) -> Iterator[Session]:
        """Yield a session whose changes are committed when the block ends, or rolled back. Writers are serialised."""
        with self._translate_errors(), self._writing() as connection, Session(bind=connection) as session:
            yield session
            session.flush()

    def take_statistics(self) -> None:
        """Let SQLite sample what its tables hold, by which it plans queries. PostgreSQL does so by itself."""
        if self.url.get_backend_name() == "sqlite":
            with self._translate_errors(), self._writing() as connection:
                connection.exec_driver_sql(f"PRAGMA analysis_limit={SAMPLED}")
                connection.exec_driver_sql("ANALYZE")

    @contextmanager
    def _writing(self, **options: bool) -> Iterator[Connection]:
        engine = self.engine.execution_options(catalog_writes=True, **options)
        with engine.begin() as connection:
            if self.url.get_backend_name() == "postgresql":
                connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": WRITER_LOCK})
            yield connection

    def _migrate(self) -> None:
        with self.engine.connect() as connection:
            revision = _revision(connection)
        if revision == NEWEST:
            return
        from alembic import command  # every step opens the catalog, and alembic takes a while to load

        config, revisions = _migrations()
        if revision not in {None, *revisions}:
            raise CatalogError(
                f"the catalog database {describe(self.url)} has tables of a newer release (migration {revision})",
                remedy="Use that release of catalog-pipeline, or set CATALOG_DATABASE_URL to another database",
            )
        with _file_locked(self.url):
            if self.url.get_backend_name() == "sqlite":
                # stored in the file; SQLite accepts it only outside a transaction
                with self.engine.connect() as connection:
                    _dbapi(connection).execute("PRAGMA journal_mode=WAL")
            with self._writing(catalog_migrates=True) as connection:
                config.attributes["connection"] = connection
                command.upgrade(config, "head")

    def downgrade(self, revision: str) -> None:
        """Undo the migrations after `revision`, for an older release; what only newer tables can hold is lost.

        Raises BadInput when there is no such migration.
        """
        from alembic import command

        config, revisions = _migrations()
        if revision not in revisions:
            raise BadInput(f"there is no migration {revision!r}", remedy=f"Use one of {', '.join(revisions)}")
        with self._translate_errors(), self._writing(catalog_migrates=True) as connection:
            config.attributes["connection"] = connection
            command.downgrade(config, revision)

    @contextmanager
    def _translate_errors(self) -> Iterator[None]:
        """Turn a driver error into a CatalogError without a cause: driver tracebacks may show the URL."""
        try:
            yield
        except DBAPIError as error:
            message = " ".join(str(error.orig).split())
            failure = _failure(
                f"the catalog database {describe(self.url)} failed: {without_secrets(message, self.url)}"
            )
        else:
            return
        raise failure


def parse_url(url: str) -> URL:
    """Parse the URL and fill in its driver: psycopg for `postgres://` and `postgresql://`.

    Raises BadInput for an unusable URL, MissingEngine when psycopg is not installed.
    """
    try:
        parsed = make_url(url)
    except (ArgumentError, ValueError):  # the text may contain a password, so it is not repeated
        parsed = None
    if parsed is None or parsed.drivername.split("+")[0] not in {"sqlite", "postgresql", "postgres"}:
        raise BadInput(
            "the catalog database's URL is not a SQLite or PostgreSQL URL",
            remedy="Set CATALOG_DATABASE_URL to sqlite:////folder/catalog.db or postgresql://user:password@host/name",
        )
    if parsed.drivername in {"postgres", "postgresql"}:
        parsed = parsed.set(drivername="postgresql+psycopg")
    if parsed.drivername == "postgresql+psycopg" and find_spec("psycopg") is None:
        raise MissingEngine(
            "the catalog database is PostgreSQL and psycopg is not installed",
            remedy="Install catalog-pipeline[postgres]",
        )
    return parsed


def describe(url: URL) -> str:
    """The database as it may be printed: without user, password and options."""
    if url.get_backend_name() == "sqlite":
        return url.database or "in memory"
    return f"{url.get_backend_name()}://{url.host or ''}{f':{url.port}' if url.port else ''}/{url.database or ''}"


def without_secrets(message: str, url: URL) -> str:
    """`message` with every secret of the URL replaced by `***`."""
    secrets = [str(url.password)] if url.password else []
    secrets += [str(value) for name, value in url.query.items() if "pass" in name.lower() or "key" in name.lower()]
    for secret in secrets:
        message = message.replace(secret, "***")
    return message


def _failure(message: str) -> CatalogError:
    if "disk is full" in message or "No space left" in message:
        return StoreFull(message, remedy="Free disk space, then run again: finished work is kept")
    for part, remedy in REMEDIES.items():
        if part in message:
            return CatalogError(message, remedy=remedy)
    return CatalogError(message, remedy="Check that the server runs and that CATALOG_DATABASE_URL is right")


def _engine(url: URL, pooled: bool) -> Engine:
    pool: dict[str, Any] = {"pool_pre_ping": True} if pooled else {"poolclass": NullPool}
    if url.get_backend_name() != "sqlite":
        return create_engine(url, connect_args={"connect_timeout": 10}, **pool)
    engine = create_engine(url, connect_args={"timeout": BUSY_SECONDS}, **pool)
    event.listen(engine, "connect", _prepare_sqlite)
    event.listen(engine, "begin", _begin_sqlite)
    return engine


def _prepare_sqlite(connection: Any, _record: Any) -> None:
    connection.isolation_level = None  # BEGIN is explicit: Python's implicit one leaves DDL outside the transaction
    connection.execute("PRAGMA synchronous=NORMAL")
    connection.execute("PRAGMA cache_size=-32768")  # KiB; a shoot changes about 700 pages of a large catalog
    connection.execute("PRAGMA wal_autocheckpoint=8192")  # pages; each checkpoint waits for the disk


def _begin_sqlite(connection: Connection) -> None:
    """Take the write lock at BEGIN, so that a writer never fails half-way because another one was faster.

    A migration that changes a table copies it and drops the first one: foreign keys would delete what refers to it.
    """
    options = connection.get_execution_options()
    writes = options.get("catalog_writes", False)
    checks = "OFF" if options.get("catalog_migrates", False) else "ON"
    connection.exec_driver_sql(f"PRAGMA foreign_keys={checks}")  # has no effect inside a transaction
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")


def _migrations() -> tuple["Config", tuple[str, ...]]:
    """Alembic's configuration, and the migrations that this release knows, the first one first."""
    from alembic.config import Config
    from alembic.script import ScriptDirectory

    config = Config()
    config.set_main_option("script_location", MIGRATIONS.as_posix().replace("%", "%%"))  # it interpolates
    scripts = ScriptDirectory.from_config(config).walk_revisions()
    return config, tuple(sorted(script.revision for script in scripts))


def _revision(connection: Connection) -> str | None:
    """The last migration that the tables have seen; None in an empty database."""
    if not inspect(connection).has_table("alembic_version"):
        return None
    revision: str | None = connection.scalar(text("SELECT version_num FROM alembic_version"))
    return revision


def _dbapi(connection: Connection) -> sqlite3.Connection:
    driver: Any = connection.connection.driver_connection
    return driver  # type: ignore[no-any-return]


def _make_folder(url: URL) -> None:
    if url.database in {None, "", ":memory:"}:
        raise BadInput(
            "the catalog database's URL has no file, and a database in memory is lost at once",
            remedy="Set CATALOG_DATABASE_URL to sqlite:////folder/catalog.db",
        )
    folder = Path(str(url.database)).absolute().parent
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise CatalogError(
            f"the folder {folder} of the catalog database cannot be created: {error.strerror}",
            remedy="Set CATALOG_DATABASE_URL to a file in a writable folder",
        ) from None


@contextmanager
def _file_locked(url: URL) -> Iterator[None]:
    """Wait for a lock file first: while the journal mode changes, SQLite reports "locked" without waiting."""
    if url.get_backend_name() != "sqlite":
        yield
        return
    try:
        file = Path(f"{url.database}.lock").open("w")  # noqa: SIM115 - closed by the `with` below
    except OSError as error:
        raise CatalogError(
            f"{url.database}.lock cannot be written: {error.strerror}",
            remedy="Set CATALOG_DATABASE_URL to a file in a writable folder",
        ) from None
    with file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield
