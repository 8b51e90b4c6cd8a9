"""Run one step of a plan as a task would, and die by SIGKILL at a point.

Points: `start`, `mid-work`, `between-outputs`, `before-manifest`, `after-manifest`; `never` runs the step to its end.
publish has no manifest; its transaction is the commit point: `between-outputs` is after its first written row.
"""

import os
import signal
import traceback
from multiprocessing.connection import Connection

from sqlalchemy import event as sqlalchemy_event
from sqlalchemy.engine import Engine

from pipeline.contract.work import Event
from pipeline.plan import read_plan
from pipeline.run import run_step, runner_from
from pipeline.settings import Settings

POINTS = ("start", "mid-work", "between-outputs", "before-manifest", "after-manifest")
KINDS = {
    "start": "started",
    "mid-work": "progress",
    "between-outputs": "stored",
    "before-manifest": "committing",
    "after-manifest": "committed",
}


def die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def die_in_transaction(point: str) -> None:
    """publish: die after its first INSERT or UPDATE, just before COMMIT, or just after it."""

    def after_statement(_c: object, _cursor: object, statement: str, *_rest: object) -> None:
        if statement.lstrip().upper().startswith(("INSERT", "UPDATE")):
            die()

    if point == "between-outputs":
        sqlalchemy_event.listen(Engine, "after_cursor_execute", after_statement)
    if point == "before-manifest":
        sqlalchemy_event.listen(Engine, "commit", lambda _connection: die())


def run_until(point: str, settings: Settings, plan_digest: str, step: str, answer: Connection) -> None:
    """The process's work. Sends how the step ended, or the error that it raised."""

    def notify(event: Event) -> None:
        if event.step == step and event.kind == KINDS.get(point):
            die()

    try:
        runner = runner_from(settings, notify)
        plan = read_plan(runner.store, plan_digest)
        if step == "publish":
            die_in_transaction(point)
        fate = run_step(runner, plan, plan_digest, step)
    except Exception:
        answer.send(traceback.format_exc())
        return
    if step == "publish" and point == "after-manifest":
        die()
    answer.send(fate.state + (f": {fate.reason}" if fate.reason else ""))
