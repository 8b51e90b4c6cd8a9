"""What the cluster said of its pods while a test ran, and what each pod cost beside its step's own work."""

import json
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from statistics import median
from typing import Any

from tests.kubernetes.cluster import admin_command

HEADER = "shoot step        to pod  to start  to end     ran"
WIDTHS = (7, 9, 7, 7)


@dataclass(frozen=True)
class PodTimes:
    """One pod: when it was made, when its container started and ended, as far as the cluster's seconds tell."""

    name: str
    step: str
    shoot: int
    created: datetime
    started: datetime | None
    ended: datetime | None


@dataclass
class Watch:
    """A recording of the pods in the namespace, read once it has ended."""

    path: Path
    pods: dict[str, dict[str, Any]] = field(default_factory=dict)

    def read(self) -> None:
        """Keep the last state of every pod in which the cluster knew its container's end."""
        text, decoder, at = self.path.read_text(), json.JSONDecoder(), 0
        while (at := _skip_space(text, at)) < len(text):
            event, at = decoder.raw_decode(text, at)
            pod = event["object"]
            if "app.kubernetes.io/component" in pod["metadata"].get("labels", {}):
                self.pods[pod["metadata"]["name"]] = pod

    def times(self, run_id: str) -> list[PodTimes]:
        """The pods of a run, in the order in which they were made."""
        of_run = [pod for pod in self.pods.values() if run_id_of(pod) == label(run_id)]
        return sorted(map(_times, of_run), key=lambda pod: pod.created)


@contextmanager
def watched(folder: Path) -> Iterator[Watch]:
    """Record the pods' events while the block runs; afterwards the recording is read."""
    watch = Watch(folder / "pods.json")
    command = admin_command("get", "pods", "--watch", "--output-watch-events", "--output", "json")
    with watch.path.open("wb") as out:
        process = subprocess.Popen(command, stdout=out)
    try:
        yield watch
    finally:
        process.terminate()
        process.wait()
    watch.read()


def overhead(pods: Sequence[PodTimes], tasks: Sequence[Mapping[str, Any]]) -> str:
    """A table of the pods, with the medians of what each needed beside the time that its container ran.

    That is from the start of the step's task to the pod, from the pod to its container, and from the container's end to
    the task's end. Of a task with several tries, Airflow has the times of the last one.
    """
    by_step = {(task["task_id"], task["map_index"]): task for task in tasks}
    last = {(pod.step, pod.shoot): pod.name for pod in pods}
    rows = []
    for pod in pods:
        task = by_step[f"shoot.{pod.step}", pod.shoot] if last[pod.step, pod.shoot] == pod.name else {}
        began, over = _date(task.get("start_date")), _date(task.get("end_date"))
        gaps = [(began, pod.created), (pod.created, pod.started), (pod.ended, over), (pod.started, pod.ended)]
        rows.append([_between(*gap) for gap in gaps])
    lines = [HEADER, *(_line(pod, *row) for pod, row in zip(pods, rows, strict=True))]
    known = [[value for value in column if value is not None] for column in zip(*rows, strict=True)]
    middle = [f"{median(column):.1f} s" if column else "unknown" for column in known[:3]]
    lines.append("{} pods; medians: {} to the pod, {} to its start, {} to the task's end".format(len(pods), *middle))
    return "\n".join(lines) + "\n"


def run_id_of(pod: Mapping[str, Any]) -> str:
    """The run that a pod belongs to, as its label says it."""
    return str(pod["metadata"]["labels"].get("run_id"))


def label(run_id: str) -> str:
    """A run's id as the label of its pods."""
    from airflow.providers.cncf.kubernetes.pod_generator import make_safe_label_value

    return str(make_safe_label_value(run_id))


def _times(pod: Mapping[str, Any]) -> PodTimes:
    labels = pod["metadata"]["labels"]
    statuses = pod["status"].get("containerStatuses") or [{}]
    state = statuses[0].get("state") or {}
    ran = state.get("terminated") or state.get("running") or {}
    return PodTimes(
        name=pod["metadata"]["name"],
        step=labels["app.kubernetes.io/component"],
        shoot=int(labels["map_index"]),
        created=_date(pod["metadata"]["creationTimestamp"]),
        started=_date(ran.get("startedAt")),
        ended=_date(ran.get("finishedAt")),
    )


def _date(text: str | None) -> Any:
    return datetime.fromisoformat(text) if text else None


def _between(first: datetime | None, second: datetime | None) -> float | None:
    return None if first is None or second is None else (second - first).total_seconds()


def _line(pod: PodTimes, *seconds: float | None) -> str:
    columns = zip(seconds, WIDTHS, strict=True)
    shown = [f"{'' if value is None else f'{value:.1f}':>{width}}" for value, width in columns]
    return " ".join([f"{pod.shoot:5} {pod.step:10}", *shown])


def _skip_space(text: str, at: int) -> int:
    while at < len(text) and text[at].isspace():
        at += 1
    return at
