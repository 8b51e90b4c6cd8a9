"""Measures what Airflow itself takes for a task: a night of toy shoots under a real local Airflow, and without it.

    python -m benchmarks.airflow_cost [--shoots N] [--parallel 1 2]

Airflow runs as `make up` starts it, with LocalExecutor on SQLite, and its steps are the toys of `tests/dags/toy`, which
do nothing: what remains is the process of the step, which starts Python and records in the catalog how the step ended,
and Airflow. The same steps are then run one after the other without Airflow. CPU is that of all of Airflow's
processes from the trigger of the run to its end, that of the idle services included, and of their children; what the
services take while nothing runs is printed too. `--parallel`: the slots of the default pool.
"""

import argparse
import os
import signal
import subprocess
import sys
import tempfile
import time
from datetime import datetime
from pathlib import Path
from typing import Any

import psutil

from deploy.local.client import Client
from deploy.local.home import LOGIN, PASSWORD, PROJECT
from tests.dags.airflow_up import Airflow, is_ready, start_up, until
from tests.dags.toy_shoots import write_toy_shoot

NIGHTLY = "catalog_nightly"
IDLE_SECONDS = 60
LOOK_SECONDS = 5.0  # between two looks at the run, which also cost the API server something


def main() -> None:
    """Run the nights and print seconds per task."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--shoots", type=int, default=3)
    parser.add_argument("--parallel", type=int, nargs="+", default=[1, 2])
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        root = Path(name)
        toy = PROJECT / "tests" / "dags" / "toy"
        inherited = {key: value for key, value in os.environ.items() if not key.startswith(("AIRFLOW", "CATALOG_"))}
        environment = inherited | {
            "PYTHONPATH": os.pathsep.join([str(toy), str(PROJECT)]),
            "CATALOG_STORE": str(root / "store"),
            "CATALOG_SHOOTS": str(root / "shoots"),
        }
        (root / "shoots").mkdir()
        airflow = Airflow(root, start_up(root, environment), environment)
        try:
            until(lambda: is_ready(airflow))
            airflow.client = Client(airflow.home.running().url).login(LOGIN, PASSWORD)
            until(lambda: airflow.client.has_dag(NIGHTLY))
            airflow.pause_seconds = LOOK_SECONDS
            airflow.run(NIGHTLY)  # loads what the first run loads
            supervisor = psutil.Process(airflow.up.pid)
            before = cpu_of(supervisor)
            time.sleep(IDLE_SECONDS)
            print(f"idle: {(cpu_of(supervisor) - before) / IDLE_SECONDS:.2f} CPU s a second", flush=True)
            for number, slots in enumerate(options.parallel):
                night(airflow, slots, [f"sku-{number}-{shoot}" for shoot in range(options.shoots)])
        finally:
            airflow.up.send_signal(signal.SIGTERM)
            airflow.up.wait()


def night(airflow: Airflow, slots: int, skus: list[str]) -> None:
    """Run new shoots with so many tasks at once, then their steps without Airflow, and print both."""
    pool = {"pool": "default_pool", "slots": slots, "include_deferred": False}
    airflow.client.send("PATCH", "/api/v2/pools/default_pool?update_mask=slots", pool)
    for sku in skus:
        write_toy_shoot(airflow.shoots, sku)
    supervisor = psutil.Process(airflow.up.pid)
    before, began = cpu_of(supervisor), time.perf_counter()
    state, tasks = airflow.run(NIGHTLY)
    wall, cpu = time.perf_counter() - began, cpu_of(supervisor) - before
    steps = [task for (_, name), task in tasks.items() if name.startswith("shoot.") and task["map_index"] >= 0]
    if state != "success":
        raise SystemExit(f"the night ended {state}")
    busy = [seconds_between(task["start_date"], task["end_date"]) for task in steps]
    alone = [alone_seconds(airflow, task) for task in steps[:6]]
    own_wall, own_cpu = (sum(values) / len(values) for values in zip(*alone, strict=True))
    count = len(tasks)
    print(f"{slots} at once: {count} tasks ({len(steps)} steps), {wall:.0f} s, {cpu:.0f} CPU s", flush=True)
    print(f"  per task: {wall * slots / count:.2f} s of a slot; its start to its end {sum(busy) / len(busy):.2f} s,")
    print(f"  of which {own_wall:.2f} s its step's process")
    print(f"  per task: {cpu / count:.2f} CPU s, of which {own_cpu:.2f} CPU s the step's process", flush=True)


def cpu_of(process: psutil.Process) -> float:
    """CPU seconds of a process, its descendants, and those that have ended."""
    total = 0.0
    for each in [process, *process.children(recursive=True)]:
        try:
            total += sum(each.cpu_times()[:4])
        except psutil.NoSuchProcess:
            continue
    return total


def seconds_between(start: str, end: str) -> float:
    """Seconds between two times as Airflow writes them."""
    return (datetime.fromisoformat(end) - datetime.fromisoformat(start)).total_seconds()


def alone_seconds(airflow: Airflow, task: dict[str, Any]) -> tuple[float, float]:
    """Wall and CPU seconds of a task's command without Airflow. Its result is in the store: only the process counts."""
    arguments = airflow.client.get(
        f"/api/v2/dags/{NIGHTLY}/dagRuns/{task['run_id']}/taskInstances/{task['task_id']}/{task['map_index']}"
    )["rendered_fields"]["arguments"]
    before, began = os.times(), time.perf_counter()
    subprocess.run(
        [sys.executable, "-m", "pipeline", *arguments], env=airflow.environment, check=True, capture_output=True
    )
    after = os.times()
    spent = after.children_user + after.children_system - before.children_user - before.children_system
    return time.perf_counter() - began, spent


if __name__ == "__main__":
    main()
