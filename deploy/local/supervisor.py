"""Starts Airflow's four services and stops them together with every process that they started.

`airflow standalone` leaves its children behind when it is stopped. Here every service has its own session, the kernel
terminates it when this process dies, orphans become children of this process, and `stop` leaves no process behind.
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

# --skip-serve-logs: log servers bind every interface, and on one machine the api-server reads the log files directly
SERVICES = {
    "api-server": ["api-server"],
    "scheduler": ["scheduler", "--skip-serve-logs"],
    "dag-processor": ["dag-processor"],
    "triggerer": ["triggerer", "--skip-serve-logs"],
}
HEALTHY_SECONDS = 300.0
TASKS_SECONDS = 30.0  # for running tasks to stop their steps and report
SERVICE_SECONDS = 15.0
PR_SET_PDEATHSIG, PR_SET_CHILD_SUBREAPER = 1, 36


@dataclass
class Supervisor:
    """Runs the four services of one home."""

    home: Home
    port: int
    environment: dict[str, str]
    services: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)
    stopping: bool = False

    def start(self) -> None:
        """Migrate the metadata database and start the services. Their output goes to `home.logs`."""
        _adopt_orphans()
        self.end_leftovers()
        self.home.logs.mkdir(parents=True, exist_ok=True)
        self._airflow("db", ["db", "migrate"]).wait()
        if self.services.pop("db").returncode:
            raise CatalogError(f"Airflow's database cannot be migrated: {self._log_tail('db')}")
        for name, command in SERVICES.items():
            self._airflow(name, command)
        self._record_running()

    def wait_until_healthy(self) -> None:
        """Wait until every service is healthy. Raises CatalogError when one exits or on timeout."""
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
            raise CatalogError(f"Airflow is not healthy after {HEALTHY_SECONDS:.0f} s: {health or 'no response'}")

    def watch(self) -> None:
        """Wait until `stopping` is set. Raises CatalogError when a service exits by itself."""
        while not self.stopping:
            self.raise_if_ended()
            time.sleep(0.3)

    def raise_if_ended(self) -> None:
        """Raise CatalogError with the end of its log if a service has exited."""
        for name, service in self.services.items():
            if service.poll() is not None and not self.stopping:
                raise CatalogError(f"{name} exited with code {service.returncode}: {self._log_tail(name)}")

    def stop_on_signals(self) -> None:
        """Make Ctrl-C, SIGTERM and a closed terminal end `wait_until_healthy` and `watch`."""

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
            _terminate([scheduler.pid, *workers])
            _wait(lambda: scheduler.poll() is not None, TASKS_SECONDS)
        _terminate([service.pid for service in self.services.values() if service.poll() is None])
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
                start_new_session=True,  # Ctrl-C reaches only this process, which stops the services in order
                preexec_fn=die_with_parent,  # noqa: PLW1509 - no threads here
            )
        self.services[name] = service
        return service

    def _record_running(self) -> None:
        services = {name: (s.pid, psutil.Process(s.pid).create_time()) for name, s in self.services.items()}
        url, store = f"http://{HOST}:{self.port}", self.environment["CATALOG_STORE"]
        self.home.write_running(Running(pid=os.getpid(), url=url, store=store, services=services))

    def end_leftovers(self) -> None:
        """End the services of a killed supervisor: its lock is free, but its scheduler may still finish a task."""
        previous = self.home.running()
        leftovers = []
        for pid, started in (previous.services if previous else {}).values():
            try:
                process = psutil.Process(pid)
                if abs(process.create_time() - started) < 1.0:
                    leftovers += [process, *process.children(recursive=True)]
            except psutil.NoSuchProcess:
                continue
        _end_all(leftovers)

    def _log_tail(self, name: str) -> str:
        log = self.home.logs / f"{name}.log"
        lines = log.read_text(errors="replace").splitlines()[-15:] if log.exists() else []
        return "\n  ".join(["", *lines, f"(full log: {log})"])


def die_with_parent() -> None:
    """Ask the kernel to send SIGTERM when the supervisor dies, however it dies. Runs in the child before exec."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGTERM)


def _adopt_orphans() -> None:
    """Make this process the parent of every orphaned descendant, so that `stop` finds all of them."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1)


def _busy_children(pid: int) -> list[int]:
    """The scheduler's workers that are running a task; they forward SIGTERM to it and wait for its exit."""
    try:
        return [child.pid for child in psutil.Process(pid).children() if child.children()]
    except psutil.NoSuchProcess:
        return []


def _terminate(pids: Iterable[int]) -> None:
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
    """Send SIGTERM, wait five seconds, send SIGKILL."""
    for end in (psutil.Process.terminate, psutil.Process.kill):
        for process in processes:
            try:
                end(process)
            except psutil.NoSuchProcess:
                continue
        _, processes = psutil.wait_procs(processes, timeout=5)
