"""The Airflow home of this project: its configuration, secrets and lock, in a folder of its own."""

import base64
import fcntl
import io
import json
import os
import secrets
import socket
from collections.abc import Iterator
from configparser import RawConfigParser
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from pipeline.core.domain import Frozen
from pipeline.core.errors import BadInput
from pipeline.settings import Settings

PROJECT = Path(__file__).resolve().parents[2]
HOST = "127.0.0.1"
FIRST_PORT = 8080
LOGIN = PASSWORD = "catalog"  # noqa: S105 - a development login, reachable from this machine only
THREAD_LIMITS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS")
AUTH_MANAGER = "airflow.api_fastapi.auth.managers.simple.simple_auth_manager.SimpleAuthManager"


class Running(Frozen):
    """What a running `make up` records about itself, for `make demo` and for a second `make up`."""

    pid: int
    url: str
    store: str
    services: dict[str, tuple[int, float]] = {}  # pid and start time, because pids are reused


@dataclass(frozen=True)
class Home:
    """One AIRFLOW_HOME."""

    path: Path

    @property
    def logs(self) -> Path:
        """The folder of the services' logs."""
        return self.path / "services"

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Lock this home. Raises BadInput if another supervisor holds it: two schedulers on one database break runs."""
        self.path.mkdir(parents=True, exist_ok=True, mode=0o700)
        with (self.path / "lock").open("a") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                running = self.running()
                where = f"process {running.pid}, {running.url}" if running else "starting up"
                raise BadInput(
                    f"Airflow already runs in {self.path} ({where})",
                    remedy="Use it, or stop it first with Ctrl-C in its terminal",
                ) from None
            yield

    def is_locked(self) -> bool:
        """Whether a supervisor holds this home's lock."""
        try:
            with (self.path / "lock").open("a") as lock:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except FileNotFoundError:
            return False
        except BlockingIOError:
            return True
        return False

    def running(self) -> Running | None:
        """The record of the last supervisor; None if it stopped in order or never ran."""
        try:
            return Running.model_validate_json((self.path / "running.json").read_bytes())
        except FileNotFoundError:
            return None

    def write_running(self, running: Running | None) -> None:
        """Record what runs here; None removes the record."""
        path = self.path / "running.json"
        if running is None:
            path.unlink(missing_ok=True)
            return
        temporary = path.with_suffix(".new")
        temporary.write_text(running.model_dump_json())
        temporary.replace(path)

    def configure(self, port: int, parallelism: int) -> None:
        """Write airflow.cfg, the login and, once, the secrets. Every service listens on loopback only."""
        keys = self._secrets()
        write_private(self.path / "passwords.json", json.dumps({LOGIN: PASSWORD}))
        config = RawConfigParser()
        config.read_dict(_configuration(self.path, port, parallelism, keys))
        text = io.StringIO()
        config.write(text)
        write_private(self.path / "airflow.cfg", text.getvalue())

    def _secrets(self) -> dict[str, str]:
        """The keys of this home, generated once, so that sessions and stored connections survive a restart."""
        path = self.path / "secrets.json"
        if not path.exists():
            keys = {name: secrets.token_urlsafe(48) for name in ("jwt", "session")}
            keys["fernet"] = base64.urlsafe_b64encode(secrets.token_bytes(32)).decode()
            write_private(path, json.dumps(keys))
        return dict(json.loads(path.read_text()))


def environment(home: Home, settings: Settings, threads: int) -> dict[str, str]:
    """The environment of every service and its tasks. Paths are absolute: tasks do not run in this folder.

    Of Airflow's own variables only connections are inherited, because others may belong to another installation.
    """
    inherited = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith("AIRFLOW") or name.startswith("AIRFLOW_CONN_")
    }
    path = [*filter(None, inherited.get("PYTHONPATH", "").split(os.pathsep)), str(PROJECT)]
    return inherited | {
        "AIRFLOW_HOME": str(home.path),
        "PYTHONPATH": os.pathsep.join(dict.fromkeys(path)),
        "PYTHONUNBUFFERED": "1",
        "CATALOG_STORE": settings.store_location,
        "CATALOG_SHOOTS": settings.shoots_location,
        "CATALOG_DATABASE_URL": settings.catalog_url,
        "CATALOG_PRESET": settings.preset,
        **dict.fromkeys(THREAD_LIMITS, str(threads)),
    }


def free_port(first: int = FIRST_PORT) -> int:
    """`first` if it is free, else any free port. Raises BadInput when there is none."""
    for port in (first, 0):
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((HOST, port))
            except OSError:
                continue
            return int(probe.getsockname()[1])
    raise BadInput(f"no free port on {HOST}", remedy="Stop a server that uses one")


def _configuration(path: Path, port: int, parallelism: int, keys: dict[str, str]) -> dict[str, dict[str, str]]:
    url = f"http://{HOST}:{port}"
    return {
        "core": {
            "dags_folder": str(PROJECT / "dags"),
            "plugins_folder": str(PROJECT / "plugins"),
            "load_examples": "False",
            "executor": "LocalExecutor",
            # more workers than tasks at once, because a worker often sleeps for `min_heartbeat_interval` after its task
            # has reported success
            "max_active_tasks_per_dag": str(parallelism),
            "parallelism": str(4 * parallelism),
            "dags_are_paused_at_creation": "False",
            "hostname_callable": "socket.gethostname",  # the default queries DNS at the start of every task
            "auth_manager": AUTH_MANAGER,
            "simple_auth_manager_users": f"{LOGIN}:admin",
            "simple_auth_manager_passwords_file": str(path / "passwords.json"),
            "simple_auth_manager_all_admins": "False",
            "execution_api_server_url": f"{url}/execution/",
            "fernet_key": keys["fernet"],
            "killed_task_cleanup_time": "30",
            "max_map_length": "10000",  # as many shoots as CATALOG_SHOOTS_PER_RUN may be
        },
        "database": {
            "sql_alchemy_conn": f"sqlite:///{path / 'airflow.db'}",
            "sql_alchemy_connect_args": "deploy.local.SQLITE_PATIENCE",
            "sql_alchemy_connect_args_async": "deploy.local.SQLITE_PATIENCE",
        },
        "api": {"host": HOST, "port": str(port), "base_url": url, "secret_key": keys["session"], "workers": "1"},
        "api_auth": {"jwt_secret": keys["jwt"]},
        "scheduler": {"scheduler_idle_sleep_time": "0.25", "enable_health_check": "False"},
        "dag_processor": {
            "min_file_process_interval": "60",
            "parsing_processes": "1",
            "dag_bundle_config_list": json.dumps(_bundles(path)),
        },
        # a task's supervisor sleeps this long between a task closing its pipes and its exit, and it reports to the
        # api-server as often, which takes the steps' cores; the default is 5 s
        "workers": {"min_heartbeat_interval": "3"},
        "logging": {"base_log_folder": str(path / "logs"), "colored_console_log": "False"},
        "openlineage": {"disabled": "True"},
    }


def _bundles(path: Path) -> list[dict[str, object]]:
    """The DAGs of this project, and those that a person has put into the folder `dags` of this home."""
    kind = "airflow.dag_processing.bundles.local.LocalDagBundle"
    own: list[dict[str, object]] = [{"name": "own", "classpath": kind, "kwargs": {"path": str(path / "dags")}}]
    return [{"name": "dags-folder", "classpath": kind, "kwargs": {}}, *(own if (path / "dags").is_dir() else [])]


def write_private(path: Path, text: str) -> None:
    """Write a file that only this user can read."""
    path.touch(mode=0o600)
    path.write_text(text)
