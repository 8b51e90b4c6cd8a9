"""The cluster that the environment names, and an Airflow on this machine whose pods run there.

`CATALOG_TEST_KUBECONFIG`  a kubeconfig with the permissions of deploy/kubernetes.yaml, which was applied before
`CATALOG_TEST_ADMIN`       a kubeconfig that may also read nodes and change Secrets; default: the same
`CATALOG_TEST_VOLUME`      where the claim `catalog-store` is mounted on this machine; its owner runs the tests, which
                           empty its folder `store`
`CATALOG_TEST_IMAGE`       an image of the project
`CATALOG_TEST_POD`         YAML of a pod to start from (optional), as CATALOG_KUBERNETES_POD_TEMPLATE
`CATALOG_TEST_CODE`        where pods find this checkout, for the toy stages; default /opt/catalog
`CATALOG_TEST_DATABASE`    URL of a PostgreSQL database, reachable from the pods, that may be emptied

The Secret `catalog` must hold the same URL as CATALOG_DATABASE_URL.
"""

import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml
from sqlalchemy import create_engine, text

from deploy.local.client import Client
from deploy.local.home import LOGIN, PASSWORD, PROJECT
from tests.dags import airflow_up
from tests.dags.airflow_up import LIMIT_SECONDS, Airflow, is_ready, start_up
from tests.dags.toy_airflow import NIGHTLY

KUBECONFIG = os.environ.get("CATALOG_TEST_KUBECONFIG")
NEEDS_CLUSTER = "runs on the cluster that CATALOG_TEST_KUBECONFIG names; see tests/kubernetes/cluster.py"
NAMESPACE, SECRET = "catalog", "catalog"
NIGHT_SECONDS = 3000.0  # a dozen pods per shoot, on a cluster that may be one small machine


def until(probe: Callable[[], Any], limit_seconds: float = LIMIT_SECONDS) -> Any:
    """Wait for the probe as in airflow_up, with fewer looks: kubectl would take the cores that pods may need."""
    return airflow_up.until(probe, limit_seconds, pause_seconds=2.0)


def admin_command(*arguments: str) -> list[str]:
    """The command line of kubectl as the administrator, in the pods' namespace."""
    config = os.environ.get("CATALOG_TEST_ADMIN", str(KUBECONFIG))
    return ["kubectl", "--kubeconfig", config, "--namespace", NAMESPACE, *arguments]


def kubectl(*arguments: str, given: str | None = None) -> str:
    """The output of that command."""
    return subprocess.run(admin_command(*arguments), input=given, capture_output=True, text=True, check=True).stdout


@dataclass
class Cluster:
    """Airflow, and the cluster its pods run in."""

    airflow: Airflow
    pods_file: Path

    def pods(self, step: str | None = None) -> list[dict[str, Any]]:
        """The pods of a step, or of all, that the cluster knows."""
        label = f"app.kubernetes.io/component={step}" if step else "app.kubernetes.io/name=catalog-pipeline"
        return list(json.loads(kubectl("get", "pods", "--selector", label, "--output", "json"))["items"])

    def running(self, step: str, limit_seconds: float = LIMIT_SECONDS) -> str:
        """Wait for a running pod of the step; its name."""
        return str(until(lambda: next((name_of(pod) for pod in self.pods(step) if runs(pod)), None), limit_seconds))

    def catalog(self, *arguments: str) -> Any:
        """The JSON that a `catalog` command prints on this machine, over the same store and database."""
        command = [sys.executable, "-m", "pipeline", *arguments, "--json"]
        environment = self.airflow.environment
        return json.loads(subprocess.run(command, env=environment, capture_output=True, check=True).stdout)

    def night(self) -> "Night":
        """Start a nightly run."""
        return Night(self, self.airflow.client.trigger(NIGHTLY, {}))


@dataclass
class Night:
    """A run of the nightly DAG."""

    cluster: Cluster
    run_id: str

    def tasks(self) -> list[dict[str, Any]]:
        """All task instances of the run."""
        return self.cluster.airflow.client.tasks(NIGHTLY, self.run_id)

    def task(self, name: str, shoot: int | None = None) -> dict[str, Any]:
        """A task instance of the run, of the shoot with this index, or else of its last one."""
        found = [task for task in self.tasks() if task["task_id"] == name and shoot in {None, task["map_index"]}]
        return max(found, key=lambda task: task["map_index"])

    def state(self) -> str:
        """Wait until the run ends; its state."""
        client = self.cluster.airflow.client
        ended = until(
            lambda: (s := client.run_state(NIGHTLY, self.run_id)) in {"success", "failed"} and s, NIGHT_SECONDS
        )
        return str(ended)

    def log(self, name: str, number: int = 1, shoot: int | None = None) -> str:
        """The text of a task's log of one try, errors included."""
        entries = self.entries(name, number, shoot)
        errors = (error for entry in entries for error in entry.get("error_detail") or ())
        lines = [str(entry.get("event", "")) for entry in entries]
        return "\n".join([*lines, *(str(error.get("exc_value")) for error in errors)])

    def entries(self, name: str, number: int = 1, shoot: int | None = None) -> list[dict[str, Any]]:
        """The entries of a task's log of one try: event, level, and details of an error; none before its first try."""
        task = self.task(name, shoot)
        if not task["try_number"]:  # nor is there a task of the shoot before its plan is known
            return []
        path = f"/api/v2/dags/{NIGHTLY}/dagRuns/{self.run_id}/taskInstances/{name}/logs/{number}"
        query = {"map_index": str(task["map_index"]), "full_content": "true"}
        return list(self.cluster.airflow.client.get(path, **query)["content"])

    def clear(self, name: str) -> None:
        """Clear a task, as a person does in Airflow's grid."""
        body = {"dry_run": False, "dag_run_id": self.run_id, "task_ids": [name], "only_failed": False}
        self.cluster.airflow.client.send("POST", f"/api/v2/dags/{NIGHTLY}/clearTaskInstances", body)


def name_of(pod: dict[str, Any]) -> str:
    """A pod's name."""
    return str(pod["metadata"]["name"])


def runs(pod: dict[str, Any]) -> bool:
    """Whether the step in the pod has started, and nobody has deleted the pod."""
    return pod["status"].get("phase") == "Running" and "deletionTimestamp" not in pod["metadata"]


def pod_template(folder: Path, *, toys: bool) -> Path:
    """The pod to start from: that of the environment, with toy stages in place of the real ones if asked for."""
    given = os.environ.get("CATALOG_TEST_POD")
    pod = yaml.safe_load(Path(given).read_text()) if given else {"spec": {"containers": [{"name": "base"}]}}
    if toys:
        code = os.environ.get("CATALOG_TEST_CODE", "/opt/catalog")
        container = pod["spec"]["containers"][0]
        others = [variable for variable in container.get("env", []) if variable["name"] != "PYTHONPATH"]
        container["env"] = [*others, {"name": "PYTHONPATH", "value": f"{code}/tests/dags/toy:{code}"}]
    path = folder / "pod.yaml"
    path.write_text(yaml.safe_dump(pod))
    return path


def emptied(store: Path, database: str) -> Path:
    """The store, without what earlier tests left in it and in the database: their shoots would be unchanged."""
    shutil.rmtree(store, ignore_errors=True)
    engine = create_engine(database)
    with engine.begin() as connection:
        connection.execute(text("DROP SCHEMA public CASCADE"))
        connection.execute(text("CREATE SCHEMA public"))
    engine.dispose()
    return store


@contextmanager
def started(root: Path, *, toys: bool, **settings: str) -> Iterator[Cluster]:
    """An Airflow in `root` whose steps run as pods. `settings`: further variables of its environment."""
    database, pods_file = os.environ["CATALOG_TEST_DATABASE"], root / "pods.yaml"
    store = emptied(Path(os.environ["CATALOG_TEST_VOLUME"]) / "store", database)
    pods_file.write_text("every: {cores: 0.2}\n")
    path = [str(PROJECT / "tests" / "dags" / "toy")] * toys + [str(PROJECT)]
    environment = {n: v for n, v in os.environ.items() if not n.startswith(("AIRFLOW", "CATALOG_"))} | {
        "KUBECONFIG": str(KUBECONFIG),
        "PYTHONPATH": os.pathsep.join(path),
        "CATALOG_STORE": str(store),
        "CATALOG_SHOOTS": str(root / "shoots"),
        "CATALOG_DATABASE_URL": database,
        "CATALOG_EXECUTION": "kubernetes",
        "CATALOG_IMAGE": os.environ["CATALOG_TEST_IMAGE"],
        "CATALOG_PODS": str(pods_file),
        "CATALOG_KUBERNETES_POD_TEMPLATE": str(pod_template(root, toys=toys)),
        "CATALOG_KUBERNETES_START_SECONDS": "30",
        "CATALOG_RETRIES": "1",
        "CATALOG_RETRY_SECONDS": "0.1",
        **settings,
    }
    (root / "shoots").mkdir(exist_ok=True)
    server = Airflow(root, start_up(root, environment), environment)
    try:
        until(lambda: is_ready(server))
        server.client = Client(server.home.running().url).login(LOGIN, PASSWORD)
        until(lambda: server.client.has_dag(NIGHTLY))
        yield Cluster(server, pods_file)
    finally:
        server.up.send_signal(signal.SIGTERM)
        server.up.wait()


@contextmanager
def second_triggerer(airflow: Airflow) -> Iterator["subprocess.Popen[bytes]"]:
    """A triggerer of the test's own, killed at the end."""
    environment = airflow.environment | {"AIRFLOW_HOME": str(airflow.home.path)}
    command = [sys.executable, "-m", "airflow", "triggerer", "--skip-serve-logs"]
    with (airflow.root / "triggerer.log").open("wb") as log:
        process = subprocess.Popen(
            command, env=environment, cwd=airflow.root, stdout=log, stderr=log, start_new_session=True
        )
    try:
        yield process
    finally:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
