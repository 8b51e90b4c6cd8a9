"""The sample collection on a real cluster, by the real stages: a fit loses its pod, and a second night repeats little.

On two cores this takes a quarter of an hour, with an image that has its kernels compiled.
"""

import json
import os
import re
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from deploy.local.home import PROJECT
from pipeline.plan import STEPS
from tests.kubernetes.cluster import NIGHT_SECONDS, Cluster, Night, kubectl, name_of, started, until
from tests.kubernetes.watching import PodTimes, overhead, watched

SPLAT = "shoot.splat"
TWO_CORES = "every: {cores: 1}\nsteps: {splat: {cores: 2}}\n"  # a fit that shares its cores is short of time
BY_CHANNEL = {"caption", "background", "composite", "embed", "publish"}  # depend on a shoot's channels


@dataclass(frozen=True)
class FirstNight:
    """The night of both samples. `shoot`: the one whose fit lost its pod, by index; `reached`: at which iteration."""

    night: Night
    shoot: int
    reached: int
    pods: list[PodTimes]


@pytest.fixture(scope="module")
def samples(tmp_path_factory):
    os.umask(0o022)
    root = tmp_path_factory.mktemp("samples")
    shutil.copytree(PROJECT / "examples" / "collection", root / "shoots", ignore=shutil.ignore_patterns("truth"))
    with started(root, toys=False, CATALOG_PRESET="demo") as running:
        running.pods_file.write_text(TWO_CORES)
        yield running


@pytest.fixture(scope="module")
def first(samples, tmp_path_factory) -> FirstNight:
    folder = tmp_path_factory.mktemp("first")
    with watched(folder) as watch:
        night = samples.night()
        shoot, reached = lose_a_fit(samples, night)
        night.state()
    pods = watch.times(night.run_id)
    (folder / "pods.txt").write_text(overhead(pods, night.tasks()))
    return FirstNight(night, shoot, reached, pods)


def lose_a_fit(cluster: Cluster, night: Night) -> tuple[int, int]:
    """Delete the first pod that fits a splat, in its midst; the shoot, and the iteration, as FirstNight has them."""
    name = cluster.running("splat", NIGHT_SECONDS)
    pod = next(pod for pod in cluster.pods("splat") if name_of(pod) == name)
    shoot = int(pod["metadata"]["labels"]["map_index"])
    until(lambda: max(iterations(night, 1, shoot), default=0))
    kubectl("delete", "pod", name)
    until(lambda: night.task(SPLAT, shoot)["try_number"] == 2)
    return shoot, iterations(night, 1, shoot)[-1]


def iterations(night: Night, number: int, shoot: int) -> list[int]:
    """The iterations that a try of the fit has logged."""
    return [int(each) for each in re.findall(r"splat: (\d+)/\d+", night.log(SPLAT, number, shoot))]


def steps_of(cluster: Cluster, night: Night, sku: str) -> dict[str, dict[str, Any]]:
    """How each step of a shoot ended, as the summary of its run says."""
    shoots = {shoot["sku"]: shoot for shoot in cluster.catalog("summary", "--run-id", night.run_id)["shoots"]}
    return {step["step"]: step for step in shoots[sku]["steps"]}


def test_the_sample_night_ends_in_published_assets_and_a_sound_store(samples, first):
    assert first.night.state() == "success"
    shoots = samples.catalog("summary", "--run-id", first.night.run_id)["shoots"]
    assert {shoot["sku"] for shoot in shoots if shoot["assets"].get("published")} == {"mug-001", "tee-001"}
    assert samples.catalog("verify")["damaged"] == []


def test_each_step_had_one_pod_and_the_lost_fit_two(first):
    expected = sorted([*STEPS, *STEPS, "splat"])
    assert sorted(pod.step for pod in first.pods) == expected


def test_a_fit_that_lost_its_pod_goes_on_from_its_snapshot(first):
    assert first.night.task(SPLAT, first.shoot)["try_number"] == 2
    assert iterations(first.night, 2, first.shoot)[0] > first.reached > 0


def test_the_next_night_makes_the_same_of_what_has_not_changed(samples, first):
    before = steps_of(samples, first.night, "mug-001")
    lost = manifest(samples, before["sfm"])
    made = json.loads(lost.read_text())["outputs"]
    lost.unlink()  # the poses are made again
    description = samples.airflow.shoots / "mug-001" / "shoot.yaml"
    text = description.read_text()
    assert "[amazon_main, shopify]" in text
    description.write_text(text.replace("[amazon_main, shopify]", "[shopify]"))
    night = samples.night()
    assert night.state() == "success"
    after = steps_of(samples, night, "mug-001")
    assert {step for step in after if after[step]["state"] == "done"} == {"sfm", *BY_CHANNEL}
    unchanged = [step for step in STEPS if step not in BY_CHANNEL]
    assert [after[step]["step_key"] for step in unchanged] == [before[step]["step_key"] for step in unchanged]
    again = json.loads(manifest(samples, after["sfm"]).read_text())["outputs"]
    assert {name: again[name] for name in again if name != "report"} == {
        name: made[name] for name in made if name != "report"
    }


def manifest(cluster: Cluster, step: dict[str, Any]) -> Path:
    """The file of a step's manifest in the store."""
    return Path(cluster.airflow.environment["CATALOG_STORE"]) / "manifests" / step["step"] / f"{step['step_key']}.json"
