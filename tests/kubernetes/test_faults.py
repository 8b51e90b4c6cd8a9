"""Pods of a real cluster that end badly, with toy stages: what Airflow and the summary say, and what comes next.

One Airflow serves all tests. What each shoot does is in its photos' names; see tests/dags/toy/toy_stage.py.
"""

import os
import shutil

import psutil
import pytest
import yaml

from pipeline.plan import STEPS
from tests.dags.toy_airflow import NIGHTLY
from tests.dags.toy_shoots import write_toy_shoot
from tests.kubernetes.cluster import (
    NAMESPACE,
    SECRET,
    Cluster,
    Night,
    kubectl,
    name_of,
    pod_template,
    second_triggerer,
    until,
)
from tests.kubernetes.watching import overhead, watched

INGEST = "shoot.ingest"
ENDED = {"success", "failed", "skipped"}


@pytest.fixture
def shoot(cluster: Cluster):
    """Write the only shoot of the next night; afterwards the night is stopped, and no pod is left."""

    def write(sku: str, *endings: str, pods: str = "") -> Night:
        shutil.rmtree(cluster.airflow.shoots)
        write_toy_shoot(cluster.airflow.shoots, sku, *endings)
        cluster.pods_file.write_text("every: {cores: 0.2, memory: 512Mi, scratch: 200Mi}\n" + pods)
        return cluster.night()

    yield write
    client = cluster.airflow.client
    for run_id in client.active_runs(NIGHTLY):
        client.fail_run(NIGHTLY, run_id)  # the other steps of a toy show nothing more
        until(lambda: client.active_runs(NIGHTLY) == [])
    # a run that is failed between the end of a pod and its task's look at it leaves the ended pod
    kubectl("delete", "pods", "--selector", "app.kubernetes.io/name=catalog-pipeline")
    until(lambda: cluster.pods() == [])


def ended(night: Night) -> dict:
    """Wait until ingest's task has ended for good; the task."""
    return until(lambda: (task := night.task(INGEST))["state"] in ENDED and task)


def assert_told(night: Night, *words: str) -> None:
    """The sentence is in the task's log, and its beginning in the grid's label and in the summary."""
    state, task = night.state(), night.task(INGEST)
    assert state == "failed" and task["state"] == "failed"
    log = plain(night.log(INGEST, task["try_number"]))
    assert [word for word in words if word not in log] == [], log
    assert words[0] in task["rendered_map_index"]
    assert words[0] in plain(night.log("summary"))


def plain(text: str) -> str:
    """The words of a log, or of a table whose lines are broken."""
    return " ".join(text.replace("│", " ").split())


def test_a_night_of_toys_is_green_and_says_nothing_of_a_connection(cluster, shoot, tmp_path):
    with watched(tmp_path) as watch:
        night = shoot("tee")
        assert night.state() == "success"
    pods = watch.times(night.run_id)
    (tmp_path / "pods.txt").write_text(overhead(pods, night.tasks()))
    assert sorted(pod.step for pod in pods) == sorted(STEPS)  # one each
    log = night.log(INGEST)
    assert "kubernetes_default" not in log and "DeprecationWarning" not in log
    assert "ingest: 1/1 toy" in log


def test_a_held_step_is_skipped_without_a_red_line(cluster, shoot):
    night = shoot("mug", "ingest-held")
    task = ended(night)
    assert task["state"] == "skipped" and "7 of 24 photos registered" in task["rendered_map_index"]
    assert [entry for entry in night.entries(INGEST) if entry.get("level") in {"error", "critical"}] == []


def test_memory_is_raised_after_it_ran_out(cluster, shoot):
    night = shoot("bag", "ingest-hungry", pods="steps: {ingest: {memory: 120Mi}}")
    task = ended(night)
    assert (task["state"], task["try_number"]) == ("success", 2)
    assert "needed more than the 120Mi of its pod. The next try gets 240Mi" in night.log(INGEST, 1)
    assert "this one gets 240Mi" in night.log(INGEST, 2)


def test_memory_that_ran_out_at_its_limit_fails_at_once(cluster, shoot):
    night = shoot("hat", "ingest-hungry", pods="steps: {ingest: {memory: 120Mi, max_memory: 120Mi}}")
    assert_told(night, "out of memory (OOMKilled): it needed more than the 120Mi", "raise max_memory of ingest")
    assert night.task(INGEST)["try_number"] == 1


def test_a_missing_image_is_named(cluster, shoot):
    night = shoot("cap", pods="steps: {ingest: {image: 'localhost/no-such-image:1'}}")
    assert_told(night, "its image localhost/no-such-image:1 cannot be pulled", "CATALOG_IMAGE")


def test_a_missing_secret_is_named(cluster, shoot):
    secret = kubectl("get", "secret", SECRET, "--output", "yaml")
    kubectl("delete", "secret", SECRET)
    try:
        night = shoot("mitt")
        assert_told(night, "(CreateContainerConfigError)", f"Create the Secret {SECRET} in the namespace {NAMESPACE}")
    finally:
        kubectl("create", "--filename", "-", given=secret)


def test_a_pod_that_fits_no_node_says_what_was_asked_and_offered(cluster, shoot):
    night = shoot("sock", pods="steps: {ingest: {cores: 640}}")
    assert_told(night, "its pod fits no node (Unschedulable): it asks for 640 cores", "Insufficient cpu", " has ")


def test_a_pod_waits_for_room_that_another_takes(cluster, shoot, tmp_path):
    blocker = yaml.safe_load(pod_template(tmp_path, toys=False).read_text())
    container = blocker["spec"]["containers"][0]
    container |= {"image": os.environ["CATALOG_TEST_IMAGE"], "command": ["sleep", "3600"]}
    container["resources"] = {"requests": {"cpu": "1.5"}}
    pod = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "blocker"}, **blocker}
    kubectl("create", "--filename", "-", given=yaml.safe_dump(pod))
    try:
        until(lambda: kubectl("get", "pod", "blocker", "--output", "jsonpath={.status.phase}") == "Running")
        night = shoot("vest", pods="steps: {ingest: {cores: 1}}")
        until(lambda: "it waits for its turn" in night.log(INGEST))
    finally:
        kubectl("delete", "pod", "blocker", "--grace-period", "1")
    task = ended(night)
    assert (task["state"], task["try_number"]) == ("success", 1)


def test_an_evicted_pod_says_why(cluster, shoot):
    night = shoot("shoe", "ingest-litter", pods="steps: {ingest: {scratch: 10Mi}}")
    assert_told(night, "its node evicted the pod (Evicted)", "Raise scratch of ingest")


def test_a_deleted_pod_stops_in_time_and_its_next_try_resumes(cluster, shoot):
    night = shoot("belt", "ingest-fit")
    pod = cluster.running("ingest")
    until(lambda: "ingest: 9/40" in night.log(INGEST))  # the log is live
    kubectl("delete", "pod", pod)  # returns once it is gone
    task = ended(night)
    assert (task["state"], task["try_number"]) == ("success", 2)
    assert "stopped" in night.log(INGEST, 1) or "deleted" in night.log(INGEST, 1)
    assert "counting from 0" not in night.log(INGEST, 2) and "counting from" in night.log(INGEST, 2)


def test_a_cleared_step_has_a_new_pod_at_once(cluster, shoot):
    night = shoot("scarf", "ingest-fit")
    first = cluster.running("ingest")
    night.clear(INGEST)
    until(lambda: cluster.running("ingest") != first)
    assert ended(night)["state"] == "success"
    assert "Reusing existing pod" not in night.log(INGEST, 1) + night.log(INGEST, 2)


def test_a_killed_triggerer_loses_no_pod(cluster, shoot):
    services = cluster.airflow.home.running().services
    own = psutil.Process(services["triggerer"][0])
    family = [own, *own.children(recursive=True)]
    try:
        for process in family:
            process.suspend()
        with second_triggerer(cluster.airflow):
            night = shoot("glove", "ingest-fit")
            first = cluster.running("ingest")
            until(lambda: "ingest: 5/40" in night.log(INGEST))
    finally:
        for process in family:
            process.resume()
    task = ended(night)
    assert (task["state"], task["try_number"]) == ("success", 1)
    assert [name_of(pod) for pod in cluster.pods("ingest")] in ([], [first])
