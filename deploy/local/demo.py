"""`make demo`: runs the sample collection through the nightly DAG under real Airflow and shows its progress."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rich.console import Console

from deploy.local.board import ENDED, Board, fates_tables
from deploy.local.client import ApiError, Client
from deploy.local.home import LOGIN, PASSWORD, Home, environment
from deploy.local.notes import notes_on, print_notes
from deploy.local.supervisor import die_with_parent
from pipeline.core.errors import BadInput, CatalogError
from pipeline.settings import Settings

DAG_ID = "catalog_nightly"
READY_SECONDS = 300.0
POLL_SECONDS = 1.0
LAST_TASK = "summary"
STATE_EVERY = 10  # polls: whether the run has ended is asked after its last task, and in between in case it is stopped


@dataclass(frozen=True)
class Demo:
    """One demo run: Airflow's home, the settings, and the console to print to."""

    home: Home
    settings: Settings
    console: Console

    def run(self) -> bool:
        """Start or join Airflow, run the shoots, report the result. Returns whether the run succeeded."""
        signal.signal(signal.SIGTERM, signal.default_int_handler)  # like Ctrl-C: Airflow is stopped too
        if isinstance(self.settings.shoots, Path) and not self.settings.shoots.is_dir():
            raise BadInput(f"{self.settings.shoots} is not a folder", remedy="Set CATALOG_SHOOTS to a folder of shoots")
        with self.airflow() as (url, own):
            client = Client(url).login(LOGIN, PASSWORD)
            _until(lambda: client.has_dag(DAG_ID), f"Airflow does not list the DAG {DAG_ID}")
            for run_id in client.active_runs(DAG_ID) if own else []:
                client.fail_run(DAG_ID, run_id)  # left by a demo that was stopped; its finished work is in the store
            self.console.print(f"Triggering {DAG_ID} over {self.settings.shoots}; login {LOGIN} / {PASSWORD} at")
            self.console.print(f"{url}/dags/{DAG_ID}", soft_wrap=True)
            began = time.monotonic()
            run_id = client.trigger(DAG_ID, {"shoots": self.settings.shoots_location, "preset": self.settings.preset})
            try:
                state = self.follow(client, run_id, began)
            except KeyboardInterrupt:
                client.fail_run(DAG_ID, run_id)
                raise
            self.report(run_id, state, time.monotonic() - began)
        return state == "success"

    @contextmanager
    def airflow(self) -> Iterator[tuple[str, bool]]:
        """Yield the URL of this home's Airflow, and whether the demo started it and will stop it."""
        if self.home.is_locked():
            running = _until(self.home.running, f"the Airflow that uses {self.home.path} has not reported its URL")
            store = self.settings.store_location
            if running.store != store:
                raise BadInput(
                    f"the Airflow at {running.url} uses the store {running.store}, not {store}",
                    remedy="Stop it, or set CATALOG_STORE to its store",
                )
            self.console.print(f"Using the Airflow running at {running.url}")
            _until(lambda: _healthy(Client(running.url)), f"the Airflow at {running.url} is not healthy")
            yield running.url, False
            return
        self.console.print("Starting Airflow (api-server, scheduler, dag-processor, triggerer) ...")
        arguments = [sys.executable, "-m", "deploy.local", "up", "--home", str(self.home.path)]
        self.home.path.mkdir(parents=True, exist_ok=True, mode=0o700)
        with (self.home.path / "up.log").open("w") as log:
            up = subprocess.Popen(
                arguments,
                env=self._environment(),
                stdout=log,
                stderr=log,
                start_new_session=True,  # Ctrl-C stops the demo, and the demo stops Airflow
                preexec_fn=die_with_parent,  # noqa: PLW1509 - no threads here
            )
        try:
            yield self._wait_for(up), True
        finally:
            self.console.print("Stopping Airflow ...")
            up.send_signal(signal.SIGTERM)
            up.wait()

    def _wait_for(self, up: "subprocess.Popen[bytes]") -> str:
        def ready() -> str:
            if up.poll() is not None:
                output = (self.home.path / "up.log").read_text(errors="replace").strip()
                raise CatalogError(f"Airflow did not start: {output}")
            running = self.home.running()
            return running.url if running and running.pid == up.pid and _healthy(Client(running.url)) else ""

        return str(_until(ready, "Airflow is not healthy"))

    def follow(self, client: Client, run_id: str, began: float) -> str:
        """Show the run until it ends; returns its state."""
        with Board(self.console) as board:
            polls = 0
            while True:
                polls += 1
                tasks = client.tasks(DAG_ID, run_id)
                board.show(tasks, time.monotonic() - began)
                over = any(task["task_id"] == LAST_TASK and task["state"] in ENDED for task in tasks)
                if over or polls % STATE_EVERY == 0:
                    state = client.run_state(DAG_ID, run_id)
                    if state in {"success", "failed"}:
                        return state
                time.sleep(POLL_SECONDS)

    def report(self, run_id: str, state: str, seconds: float) -> None:
        """Print the tables, the notes, and the paths of the contact sheets and of the held steps' pictures."""
        summary = self._summary(run_id)
        for table in fates_tables(summary):
            self.console.print(table)
        print_notes(self.console, notes_on(summary, self.settings.catalog_url))
        for shoot in summary["shoots"]:
            sheet = Path(summary["sheets"]) / f"{shoot['sku']}.png"
            if sheet.exists():
                self.console.print(f"contact sheet: {sheet}", soft_wrap=True)
            for step in shoot["steps"]:
                if step["picture_sha256"]:
                    picture = Path(summary["sheets"]) / "held" / f"{shoot['sku']}-{step['step']}.png"
                    self.console.print(f"picture of {step['step']}: {picture}", soft_wrap=True)
        colour = "green" if state == "success" else "red"
        self.console.print(f"[{colour}]{DAG_ID}: {state}[/], {seconds:.0f} s from trigger to end")

    def _summary(self, run_id: str) -> dict[str, Any]:
        done = subprocess.run(
            [sys.executable, "-m", "pipeline", "summary", "--run-id", run_id, "--json"],
            env=self._environment(),
            capture_output=True,
            text=True,
            check=False,
        )
        try:
            return dict(json.loads(done.stdout))
        except ValueError:
            raise CatalogError(f"the run {run_id} has no summary: {done.stderr.strip()}") from None

    def _environment(self) -> dict[str, str]:
        # without AIRFLOW_HOME and the thread limits, which `up` sets for the services
        return dict(os.environ) | {
            name: value
            for name, value in environment(self.home, self.settings, threads=1).items()
            if name.startswith("CATALOG_") or name == "PYTHONPATH"
        }


def _healthy(client: Client) -> bool:
    try:
        return set(client.health().values()) == {"healthy"}
    except ApiError:
        return False


def _until(poll: Any, failure: str) -> Any:
    """Call `poll` until it returns a true value, and return that. Raises CatalogError with `failure` on timeout."""
    deadline = time.monotonic() + READY_SECONDS
    while time.monotonic() < deadline:
        if value := poll():
            return value
        time.sleep(POLL_SECONDS)
    raise CatalogError(failure, remedy="See the logs in Airflow's home folder")
