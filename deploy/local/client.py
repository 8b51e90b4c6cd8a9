"""A small client for Airflow's REST API: log in, trigger a run, follow it."""

import json
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pipeline.core.errors import CatalogError

TIMEOUT_SECONDS = 90.0  # longer than SQLITE_PATIENCE


class ApiError(CatalogError):
    """Airflow did not respond, or responded with an error."""


@dataclass(frozen=True)
class Client:
    """A connection to one Airflow as one user."""

    url: str
    token: str = ""

    def health(self) -> dict[str, str]:
        """Status by service: `healthy`, `unhealthy` or None. Raises ApiError while the server does not respond."""
        return {name: part["status"] for name, part in self.get("/api/v2/monitor/health").items()}

    def login(self, user: str, password: str) -> "Client":
        """Log in and return a client with a token. Raises ApiError when the login is refused."""
        response = self.send("POST", "/auth/token", {"username": user, "password": password})
        return Client(self.url, response["access_token"])

    def get(self, path: str, **query: str) -> Any:
        """Get the JSON at `path`. Raises ApiError like `send`."""
        return self.send("GET", path + ("?" + urllib.parse.urlencode(query) if query else ""))

    def send(self, method: str, path: str, body: object = None) -> Any:
        """Send `body` as JSON and return the JSON response. Raises ApiError with the server's message."""
        data = None if body is None else json.dumps(body).encode()
        headers = {"Content-Type": "application/json", "Accept": "application/json"}
        if self.token:
            headers["Authorization"] = f"Bearer {self.token}"
        request = urllib.request.Request(self.url + path, data, headers, method=method)  # noqa: S310 - our own server
        try:
            with urllib.request.urlopen(request, timeout=TIMEOUT_SECONDS) as response:  # noqa: S310
                return json.load(response)
        except urllib.error.HTTPError as error:
            message = error.read(2000).decode(errors="replace")
            raise ApiError(f"{method} {path}: {error.code} {error.reason}: {message}") from error
        except (OSError, ValueError) as error:
            raise ApiError(f"{method} {self.url}{path}: {error}", remedy="Check that `make up` is running") from error

    def has_dag(self, dag_id: str) -> bool:
        """Whether Airflow lists the DAG. Raises ApiError with the traceback when a DAG file cannot be imported."""
        broken = self.get("/api/v2/importErrors")["import_errors"]
        if broken:
            raise ApiError(f"Airflow cannot import {broken[0]['filename']}: {broken[0]['stack_trace']}")
        return any(dag["dag_id"] == dag_id for dag in self.get("/api/v2/dags", dag_id_pattern=dag_id)["dags"])

    def trigger(self, dag_id: str, conf: Mapping[str, object]) -> str:
        """Start a run of a DAG with these params; returns its run id."""
        self.send("PATCH", f"/api/v2/dags/{dag_id}", {"is_paused": False})
        run = self.send("POST", f"/api/v2/dags/{dag_id}/dagRuns", {"logical_date": None, "conf": conf})
        return str(run["dag_run_id"])

    def active_runs(self, dag_id: str) -> list[str]:
        """The ids of queued and running runs."""
        runs = self.get(f"/api/v2/dags/{dag_id}/dagRuns", order_by="-run_after", limit="50")["dag_runs"]
        return [run["dag_run_id"] for run in runs if run["state"] in {"queued", "running"}]

    def run_state(self, dag_id: str, run_id: str) -> str:
        """The state of a run: `queued`, `running`, `success` or `failed`."""
        return str(self.get(f"/api/v2/dags/{dag_id}/dagRuns/{urllib.parse.quote(run_id, safe='')}")["state"])

    def fail_run(self, dag_id: str, run_id: str) -> None:
        """Mark a run as failed: its tasks are stopped, finished work is kept."""
        self.send("PATCH", f"/api/v2/dags/{dag_id}/dagRuns/{urllib.parse.quote(run_id, safe='')}", {"state": "failed"})

    def tasks(self, dag_id: str, run_id: str) -> list[dict[str, Any]]:
        """Every task instance of a run: task_id, map_index, rendered_map_index, state, duration in seconds."""
        path = f"/api/v2/dags/{dag_id}/dagRuns/{urllib.parse.quote(run_id, safe='')}/taskInstances"
        tasks: list[dict[str, Any]] = []
        while True:
            page = self.get(path, limit="100", offset=str(len(tasks)))
            tasks += page["task_instances"]
            if not page["task_instances"] or len(tasks) >= page["total_entries"]:
                return tasks
