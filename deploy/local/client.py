"""A small client of Airflow's REST API: log in, trigger a run, follow it."""

import json
import urllib.error
import urllib.parse
import urllib.request
from dataclasses import dataclass
from typing import Any

from pipeline.core.errors import CatalogError

TIMEOUT_SECONDS = 90.0  # longer than SQLITE_PATIENCE


class ApiError(CatalogError):
    """Airflow did not answer, or not as it should."""


@dataclass(frozen=True)
class Client:
    """Talks to one Airflow as one user."""

    url: str
    token: str = ""

    def health(self) -> dict[str, str]:
        """Service -> `healthy`, `unhealthy` or None. Raises ApiError while the server does not answer."""
        return {name: part["status"] for name, part in self.get("/api/v2/monitor/health").items()}

    def login(self, user: str, password: str) -> "Client":
        """The same client with a token. Raises ApiError when the login is refused."""
        answer = self.send("POST", "/auth/token", {"username": user, "password": password})
        return Client(self.url, answer["access_token"])

    def get(self, path: str, **query: str) -> Any:
        """The JSON at `path`."""
        return self.send("GET", path + ("?" + urllib.parse.urlencode(query) if query else ""))

    def send(self, method: str, path: str, body: object = None) -> Any:
        """Send `body` as JSON and answer with the JSON that comes back. Raises ApiError with the server's words."""
        data = None if body is None else json.dumps(body).encode()
        headers = {"Content-Type": "application/json", "Accept": "application/json"}
        if self.token:
            headers["Authorization"] = f"Bearer {self.token}"
        request = urllib.request.Request(self.url + path, data, headers, method=method)  # noqa: S310 - our own server
        try:
            with urllib.request.urlopen(request, timeout=TIMEOUT_SECONDS) as answer:  # noqa: S310
                return json.load(answer)
        except urllib.error.HTTPError as error:
            said = error.read(2000).decode(errors="replace")
            raise ApiError(f"{method} {path}: {error.code} {error.reason}: {said}") from error
        except (OSError, ValueError) as error:
            raise ApiError(f"{method} {self.url}{path}: {error}", remedy="is `make up` running?") from error

    def has_dag(self, dag_id: str) -> bool:
        """Whether Airflow knows the DAG. Raises ApiError with the traceback when its file cannot be imported."""
        broken = self.get("/api/v2/importErrors")["import_errors"]
        if broken:
            raise ApiError(f"Airflow cannot import {broken[0]['filename']}: {broken[0]['stack_trace']}")
        return any(dag["dag_id"] == dag_id for dag in self.get("/api/v2/dags", dag_id_pattern=dag_id)["dags"])

    def trigger(self, dag_id: str, conf: dict[str, str]) -> str:
        """Start a run of a DAG with these params; answers with its run id."""
        self.send("PATCH", f"/api/v2/dags/{dag_id}", {"is_paused": False})
        run = self.send("POST", f"/api/v2/dags/{dag_id}/dagRuns", {"logical_date": None, "conf": conf})
        return str(run["dag_run_id"])

    def active_runs(self, dag_id: str) -> list[str]:
        """Run ids that are queued or running."""
        runs = self.get(f"/api/v2/dags/{dag_id}/dagRuns", order_by="-run_after", limit="50")["dag_runs"]
        return [run["dag_run_id"] for run in runs if run["state"] in {"queued", "running"}]

    def run_state(self, dag_id: str, run_id: str) -> str:
        """`queued`, `running`, `success` or `failed`."""
        return str(self.get(f"/api/v2/dags/{dag_id}/dagRuns/{urllib.parse.quote(run_id, safe='')}")["state"])

    def fail_run(self, dag_id: str, run_id: str) -> None:
        """Give a run up: its tasks are stopped and what they finished is kept."""
        self.send("PATCH", f"/api/v2/dags/{dag_id}/dagRuns/{urllib.parse.quote(run_id, safe='')}", {"state": "failed"})

    def tasks(self, dag_id: str, run_id: str) -> list[dict[str, Any]]:
        """Every task instance of a run: task_id, map_index, rendered_map_index, state, duration in seconds."""
        path = f"/api/v2/dags/{dag_id}/dagRuns/{urllib.parse.quote(run_id, safe='')}/taskInstances"
        found: list[dict[str, Any]] = []
        while True:
            page = self.get(path, limit="100", offset=str(len(found)))
            found += page["task_instances"]
            if not page["task_instances"] or len(found) >= page["total_entries"]:
                return found
