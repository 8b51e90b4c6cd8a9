"""A real Airflow for tests, started as `make up` starts it, and what a test asks of it."""

import http.client
import subprocess
import sys
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psutil

from deploy.local.client import ApiError, Client
from deploy.local.home import PROJECT, Home

LIMIT_SECONDS = 400.0  # a busy machine is slow, not wrong


@dataclass
class Airflow:
    root: Path
    up: "subprocess.Popen[bytes]"
    environment: dict[str, str]
    client: Client = field(default_factory=lambda: Client(""))
    pause_seconds: float = 1.0  # between two looks at a run, each of which costs the API server time

    @property
    def shoots(self) -> Path:
        return self.root / "shoots"

    @property
    def home(self) -> Home:
        return Home(self.root / "home")

    def run(self, dag_id: str, **conf: Any) -> tuple[str, dict[tuple[str, str], dict[str, Any]]]:
        """Trigger a DAG and wait until it ends; returns its state, and its task instances by (shoot, task)."""
        run_id = self.client.trigger(dag_id, conf)
        ended = {"success", "failed"}
        state = until(
            lambda: (s := self.client.run_state(dag_id, run_id)) in ended and s, pause_seconds=self.pause_seconds
        )
        tasks = {}
        for task in self.client.tasks(dag_id, run_id):
            shoot = (task["rendered_map_index"] or "").partition(" · ")[0]
            tasks[shoot, task["task_id"]] = task | {"run_id": run_id}
        return state, tasks

    def ended(self, dag_id: str, run_id: str) -> str | None:
        """The state of a run that has ended."""
        state = self.client.run_state(dag_id, run_id)
        return state if state in {"success", "failed"} else None

    def log(self, task: dict[str, Any]) -> str:
        run = f"/api/v2/dags/{task['dag_id']}/dagRuns/{task['run_id']}"
        path = f"{run}/taskInstances/{task['task_id']}/logs/{task['try_number']}"
        return str(self.client.get(path, map_index=str(task["map_index"]), full_content="true")["content"])


def until(probe: Callable[[], Any], limit_seconds: float = LIMIT_SECONDS, pause_seconds: float = 0.2) -> Any:
    deadline = time.monotonic() + limit_seconds
    while time.monotonic() < deadline:
        if result := probe():
            return result
        time.sleep(pause_seconds)
    raise AssertionError("the condition did not become true in time")


def start_up(root: Path, environment: dict[str, str]) -> "subprocess.Popen[bytes]":
    """Start `make up` in its own process group, as a shell does."""
    arguments = [sys.executable, "-m", "deploy.local", "up", "--home", str(root / "home")]
    with (root / "up.log").open("wb") as log:
        return subprocess.Popen(arguments, cwd=PROJECT, env=environment, stdout=log, stderr=log, start_new_session=True)


def is_ready(airflow: Airflow) -> bool:
    assert airflow.up.poll() is None, (airflow.root / "up.log").read_text()
    running = airflow.home.running()
    try:
        return running is not None and set(Client(running.url).health().values()) == {"healthy"}
    except ApiError:
        return False


def fetch(airflow: Airflow, path: str, token: str = "") -> tuple[int, bytes]:
    request = urllib.request.Request(airflow.client.url + path)  # noqa: S310 - our own server
    if token:
        request.add_header("Authorization", f"Bearer {token}")
    try:
        with urllib.request.urlopen(request, timeout=60) as response:  # noqa: S310
            return response.status, response.read()
    except urllib.error.HTTPError as error:
        return error.code, error.read()


def change(airflow: Airflow, path: str, values: dict[str, str], **headers: str) -> int:
    """Send a form of the pages as the logged-in user; the status of the response, of a redirect too."""
    sent = {"Authorization": f"Bearer {airflow.client.token}", "Origin": airflow.client.url, **headers}
    address = urllib.parse.urlsplit(airflow.client.url)
    connection = http.client.HTTPConnection(address.netloc, timeout=60)
    body = urllib.parse.urlencode({"back": "/catalog/review", **values})
    connection.request("POST", path, body, {"Content-Type": "application/x-www-form-urlencoded", **sent})
    return connection.getresponse().status


def alive(processes: list[psutil.Process]) -> list[psutil.Process]:
    running = []
    for process in processes:
        try:
            process.cmdline()
            if process.status() != psutil.STATUS_ZOMBIE:
                running.append(process)
        except psutil.NoSuchProcess:
            continue
    return running
