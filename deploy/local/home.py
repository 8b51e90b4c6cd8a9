"""The Airflow home of this project: its configuration, secrets and lock, in one folder that nothing else uses."""

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
    """What a running `make up` says of itself, for `make demo` and for whoever wants to start a second one."""

    pid: int
    url: str
    store: str
    services: dict[str, tuple[int, float]] = {}  # pid and start time: pids are used again


@dataclass(frozen=True)
class Home:
    """One AIRFLOW_HOME."""

    path: Path

    @property
    def logs(self) -> Path:
        """Where every service writes its log."""
        return self.path / "services"

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Hold this home. Raises BadInput while another supervisor does: two schedulers on one database break runs."""
        self.path.mkdir(parents=True, exist_ok=True, mode=0o700)
        with (self.path / "lock").open("a") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                running = self.running()
                where = f"process {running.pid}, {running.url}" if running else "starting up"
                raise BadInput(
                    f"Airflow already runs in {self.path} ({where})",
                    remedy="use it, or stop it with Ctrl-C there first",
                ) from None
            yield

    def is_locked(self) -> bool:
        """Whether a supervisor holds this home now."""
        try:
            with (self.path / "lock").open("a") as lock:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except FileNotFoundError:
            return False
        except BlockingIOError:
            return True
        return False

    def running(self) -> Running | None:
        """What the last supervisor wrote of itself, if it has not taken it back."""
        try:
            return Running.model_validate_json((self.path / "running.json").read_bytes())
        except FileNotFoundError:
            return None

    def write_running(self, running: Running | None) -> None:
        """Say what runs here, or with None that nothing does any more."""
        path = self.path / "running.json"
        if running is None:
            path.unlink(missing_ok=True)
            return
        beside = path.with_suffix(".new")
        beside.write_text(running.model_dump_json())
        beside.replace(path)

    def configure(self, port: int, parallelism: int) -> None:
        """Write airflow.cfg, the login and, once, the secrets. Everything listens on this machine only."""
        own = self._secrets()
        write_private(self.path / "passwords.json", json.dumps({LOGIN: PASSWORD}))
        config = RawConfigParser()
        config.read_dict(_configuration(self.path, port, parallelism, own))
        text = io.StringIO()
        config.write(text)
        write_private(self.path / "airflow.cfg", text.getvalue())

    def _secrets(self) -> dict[str, str]:
        """The keys of this home: made once, so that logins and stored connections survive a restart."""
        path = self.path / "secrets.json"
        if not path.exists():
            made = {name: secrets.token_urlsafe(48) for name in ("jwt", "session")}
            made["fernet"] = base64.urlsafe_b64encode(secrets.token_bytes(32)).decode()
            write_private(path, json.dumps(made))
        return dict(json.loads(path.read_text()))


def environment(home: Home, settings: Settings, threads: int) -> dict[str, str]:
    """What every service and so every task gets to see. Paths become absolute: tasks do not run in this folder."""
    given = {name: value for name, value in os.environ.items() if not name.startswith("AIRFLOW")}
    path = [*filter(None, given.get("PYTHONPATH", "").split(os.pathsep)), str(PROJECT)]
    return given | {
        "AIRFLOW_HOME": str(home.path),
        "PYTHONPATH": os.pathsep.join(dict.fromkeys(path)),
        "PYTHONUNBUFFERED": "1",
        "CATALOG_STORE": str(settings.store.absolute()),
        "CATALOG_SHOOTS": str(settings.shoots.absolute()),
        "CATALOG_DATABASE_URL": settings.catalog_url,
        "CATALOG_PRESET": settings.preset,
        **dict.fromkeys(THREAD_LIMITS, str(threads)),
    }


def free_port(first: int = FIRST_PORT) -> int:
    """`first`, or when something listens there, any free port of this machine."""
    for port in (first, 0):
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((HOST, port))
            except OSError:
                continue
            return int(probe.getsockname()[1])
    raise BadInput(f"no free port on {HOST}", remedy="stop a server that runs there")


def _configuration(path: Path, port: int, parallelism: int, own: dict[str, str]) -> dict[str, dict[str, str]]:
    url = f"http://{HOST}:{port}"
    return {
        "core": {
            "dags_folder": str(PROJECT / "dags"),
            "plugins_folder": str(PROJECT / "plugins"),
            "load_examples": "False",
            "executor": "LocalExecutor",
            "parallelism": str(parallelism),
            "dags_are_paused_at_creation": "False",
            "hostname_callable": "socket.gethostname",  # the default asks the name server, at every start of a task
            "auth_manager": AUTH_MANAGER,
            "simple_auth_manager_users": f"{LOGIN}:admin",
            "simple_auth_manager_passwords_file": str(path / "passwords.json"),
            "simple_auth_manager_all_admins": "False",
            "execution_api_server_url": f"{url}/execution/",
            "fernet_key": own["fernet"],
            "killed_task_cleanup_time": "30",
            "max_map_length": "10000",  # shoots of one night
        },
        "database": {
            "sql_alchemy_conn": f"sqlite:///{path / 'airflow.db'}",
            "sql_alchemy_connect_args": "deploy.local.SQLITE_PATIENCE",
            "sql_alchemy_connect_args_async": "deploy.local.SQLITE_PATIENCE",
        },
        "api": {"host": HOST, "port": str(port), "base_url": url, "secret_key": own["session"], "workers": "1"},
        "api_auth": {"jwt_secret": own["jwt"]},
        "scheduler": {"scheduler_idle_sleep_time": "0.25", "enable_health_check": "False"},
        "dag_processor": {"min_file_process_interval": "60", "parsing_processes": "1"},
        # a task's supervisor sleeps this long when its child has closed its pipes but not quite ended; default 5 s
        "workers": {"min_heartbeat_interval": "1"},
        "logging": {"base_log_folder": str(path / "logs"), "colored_console_log": "False"},
        "openlineage": {"disabled": "True"},
    }


def write_private(path: Path, text: str) -> None:
    """Write a file that only this user can read."""
    path.touch(mode=0o600)
    path.write_text(text)
