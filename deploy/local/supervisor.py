"""Starts Airflow's four services and stops them all, with everything that they started.

`airflow standalone` leaves its children behind when it is stopped. Here every service is in a session of its own, the
kernel ends it when this process dies, orphans become children of this process, and nothing is left when `stop` returns.
"""

import ctypes
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from types import FrameType

import psutil

from deploy.local.client import ApiError, Client
from deploy.local.home import HOST, Home, Running
from pipeline.core.errors import CatalogError

# --skip-serve-logs: the log servers bind every interface, and on one machine the api-server reads the log files itself
SERVICES = {
    "api-server": ["api-server"],
    "scheduler": ["scheduler", "--skip-serve-logs"],
    "dag-processor": ["dag-processor"],
    "triggerer": ["triggerer", "--skip-serve-logs"],
}
HEALTHY_SECONDS = 300.0
TASKS_SECONDS = 30.0  # for running tasks to stop their steps and say so
SERVICE_SECONDS = 15.0
PR_SET_PDEATHSIG, PR_SET_CHILD_SUBREAPER = 1, 36


@dataclass
class Supervisor:
    """The four services of one home."""

    home: Home
    port: int
    environment: dict[str, str]
    services: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)
    stopping: bool = False

    def start(self) -> None:
        """Bring the metadata database up to date and start the services. Their output goes to `home.logs`."""
        _adopt_orphans()
        self.end_leftovers()
        self.home.logs.mkdir(parents=True, exist_ok=True)
        self._airflow("db", ["db", "migrate"]).wait()
        if self.services.pop("db").returncode:
            raise CatalogError(f"Airflow's database cannot be set up: {self._last_words('db')}")
        for name, command in SERVICES.items():
            self._airflow(name, command)
        self._say_running()

    def wait_until_healthy(self) -> None:
        """Return when every service says that it is healthy. Raises CatalogError when one ends or time runs out."""
        client, deadline = Client(f"http://{HOST}:{self.port}"), time.monotonic() + HEALTHY_SECONDS
        health: dict[str, str] = {}
        while time.monotonic() < deadline and not self.stopping:
            self.raise_if_ended()
            try:
                health = client.health()
            except ApiError:
                health = {}
            if health and set(health.values()) == {"healthy"}:
                return
            time.sleep(0.3)
        if not self.stopping:
            raise CatalogError(f"Airflow is not healthy after {HEALTHY_SECONDS:.0f} s: {health or 'no answer'}")

    def watch(self) -> None:
        """Wait until somebody asks to stop. Raises CatalogError when a service ends by itself."""
        while not self.stopping:
            self.raise_if_ended()
            time.sleep(0.3)

    def raise_if_ended(self) -> None:
        """Raise CatalogError with its last words when a service is no longer there."""
        for name, service in self.services.items():
            if service.poll() is not None and not self.stopping:
                raise CatalogError(f"{name} ended with exit code {service.returncode}: {self._last_words(name)}")

    def stop_on_signals(self) -> None:
        """Let Ctrl-C, SIGTERM and a closed terminal end `wait_until_healthy` and `watch`."""

        def stop(_signal: int, _frame: FrameType | None) -> None:
            self.stopping = True

        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, stop)

    def stop(self) -> None:
        """Stop scheduling, then the running tasks (their steps resume in the next run), then the services."""
        self.stopping = True
        scheduler = self.services.get("scheduler")
        if scheduler is not None:
            workers = _busy_children(scheduler.pid)
            _ask([scheduler.pid, *workers])
            _wait(lambda: scheduler.poll() is not None, TASKS_SECONDS)
        _ask([service.pid for service in self.services.values() if service.poll() is None])
        _wait(lambda: all(service.poll() is not None for service in self.services.values()), SERVICE_SECONDS)
        _end_all(psutil.Process().children(recursive=True))
        for service in self.services.values():
            service.wait()
        self.home.write_running(None)

    def _airflow(self, name: str, command: list[str]) -> subprocess.Popen[bytes]:
        with (self.home.logs / f"{name}.log").open("ab") as log:
            service = subprocess.Popen(
                [sys.executable, "-m", "airflow", *command],
                env=self.environment,
                cwd=self.home.path,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,  # Ctrl-C reaches this process alone, which stops the others in order
                preexec_fn=die_with_parent,  # noqa: PLW1509 - no threads here
            )
        self.services[name] = service
        return service

    def _say_running(self) -> None:
        services = {name: (s.pid, psutil.Process(s.pid).create_time()) for name, s in self.services.items()}
        url, store = f"http://{HOST}:{self.port}", self.environment["CATALOG_STORE"]
        self.home.write_running(Running(pid=os.getpid(), url=url, store=store, services=services))

    def end_leftovers(self) -> None:
        """End what a killed supervisor left: the lock is free, but its scheduler may still finish a task."""
        before = self.home.running()
        left = []
        for pid, started in (before.services if before else {}).values():
            try:
                process = psutil.Process(pid)
                if abs(process.create_time() - started) < 1.0:
                    left += [process, *process.children(recursive=True)]
            except psutil.NoSuchProcess:
                continue
        _end_all(left)

    def _last_words(self, name: str) -> str:
        log = self.home.logs / f"{name}.log"
        lines = log.read_text(errors="replace").splitlines()[-15:] if log.exists() else []
        return "\n  ".join(["", *lines, f"(all of it: {log})"])


def die_with_parent() -> None:
    """Runs in the child before exec: the kernel is to send SIGTERM when the supervisor dies, however it dies."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGTERM)


def _adopt_orphans() -> None:
    """Make this process the parent of every descendant whose own parent dies, so that `stop` finds all of them."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1)


def _busy_children(pid: int) -> list[int]:
    """The scheduler's workers that run a task now; they pass SIGTERM on to it and wait for it to end."""
    try:
        return [child.pid for child in psutil.Process(pid).children() if child.children()]
    except psutil.NoSuchProcess:
        return []


def _ask(pids: Iterable[int]) -> None:
    for pid in pids:
        try:
            os.kill(pid, signal.SIGTERM)
        except ProcessLookupError:
            continue


def _wait(done: Callable[[], bool], seconds: float) -> None:
    deadline = time.monotonic() + seconds
    while not done() and time.monotonic() < deadline:
        time.sleep(0.1)


def _end_all(processes: list[psutil.Process]) -> None:
    """SIGTERM, five seconds, SIGKILL."""
    for how in (psutil.Process.terminate, psutil.Process.kill):
        for process in processes:
            try:
                how(process)
            except psutil.NoSuchProcess:
                continue
        _, processes = psutil.wait_procs(processes, timeout=5)
