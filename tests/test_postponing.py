"""Discoveries that are killed, or that leave shoots to the next run."""

import os
import signal
from pathlib import Path
from typing import Any

import pytest

from pipeline.discovery import Share, conclude
from pipeline.plan import write_plan
from tests.nights import Night, changed


@pytest.fixture
def night(tmp_path: Path) -> Night:
    return Night(tmp_path)


@pytest.mark.parametrize("batch", [1, 500])
def test_a_discovery_that_was_killed_loses_no_shoot(night: Night, monkeypatch: pytest.MonkeyPatch, batch: int) -> None:
    for name in ("bag", "cap", "mug", "tee"):
        night.add(name)
    night.add("old")
    night.run()
    for name in ("bag", "cap", "mug", "tee", "old"):
        night.end(name)
    night.fates()
    for name in ("bag", "cap", "mug", "tee"):
        night.add(name, title="Changed")
    child = os.fork()
    if not child:
        planned: list[Path] = []

        def write(folder: Path, *rest: Any, **options: Any) -> Any:
            planned.append(folder)
            if len(planned) == 3:
                os.kill(os.getpid(), signal.SIGKILL)
            return write_plan(folder, *rest, **options)

        monkeypatch.setattr("pipeline.discovery.write_plan", write)
        monkeypatch.setattr("pipeline.catalog.runs.fates.BATCH", batch)
        night.run()
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == -signal.SIGKILL
    assert set(changed(night.run())) == {"bag", "cap", "mug", "tee"}
    for name in ("bag", "cap", "mug", "tee"):
        night.end(name)
    assert night.fates() == {"bag": "done", "cap": "done", "mug": "done", "tee": "done", "old": "unchanged"}


def test_a_run_takes_its_share_and_the_longest_postponed_go_first(night: Night) -> None:
    for name in ("a", "b", "c", "d", "e"):
        night.add(name)
    first = night.run(Share(at_most=2))
    assert ([plan.sku for plan in first.plans], first.postponed) == (["a", "b"], ("c", "d", "e"))
    night.end("a")
    night.end("b", sfm="failed")
    summary = conclude(night.url, night.run_id)
    assert summary.failed == ["b"] and {shoot.reason for shoot in summary.shoots if shoot.fate == "postponed"} == {
        "one run takes at most 2 shoots"
    }
    night.add("aa")
    second = night.run(Share(at_most=2))
    assert ([plan.sku for plan in second.plans], second.postponed) == (["c", "d"], ("e", "aa", "b"))
    assert changed(second)["c"] == "postponed: one run takes at most 2 shoots"
    third = night.run(Share(at_most=2))
    assert [plan.sku for plan in third.plans] == ["e", "aa"]


def test_a_run_that_goes_on_takes_only_what_was_postponed(night: Night) -> None:
    for name in ("a", "b", "c", "d", "e"):
        night.add(name)
    night.run(Share(at_most=2))
    runs = [night.run_id]
    night.end("a", sfm="failed")
    night.end("b", sfm="failed")
    night.fates()
    night.add("new")
    night.add("tee", angles=[])
    taken = []
    while True:
        discovery = night.run(Share(at_most=2, after=runs[-1]))
        runs.append(night.run_id)
        taken.append([plan.sku for plan in discovery.plans])
        assert not discovery.refused
        for plan in discovery.plans:
            night.end(plan.sku, sfm="failed")
        night.fates()
        if not discovery.postponed:
            break
    assert taken == [["c", "d"], ["e"]]
    assert set(changed(night.run())) == {"a", "b", "c", "d", "e", "new"}
