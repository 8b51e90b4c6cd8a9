import os
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from pipeline.catalog import shoots
from pipeline.contract.manifest import HeldReason, Manifest, Provenance, Request
from pipeline.contract.store import Store
from pipeline.core.errors import BadInput
from pipeline.discovery import ALL, Discovery, Share, conclude, discover
from pipeline.finding import find_shoots
from pipeline.plan import STEPS, write_plan
from tests.test_shoot import SHOOT


class Night:
    """Runs discovery night after night over one folder of shoots."""

    def __init__(self, root: Path) -> None:
        self.root, self.count = root, 0
        self.url = f"sqlite:///{root / 'catalog.db'}"
        self.store = Store(root / "store")
        (root / "shoots").mkdir()

    def add(self, folder: str, **change: object) -> Path:
        photos = self.root / "shoots" / folder / "photos"
        photos.mkdir(parents=True, exist_ok=True)
        (photos / "DSC_0001.jpg").write_bytes(b"\xff\xd8")
        (photos.parent / "shoot.yaml").write_text(yaml.safe_dump({**SHOOT, "sku": folder, **change}))
        return photos.parent

    def run(self, share: Share = ALL) -> Discovery:
        self.count += 1
        self.run_id = f"night-{self.count}"
        return discover(self.root / "shoots", self.store, self.url, "standard", self.run_id, share=share)

    def end(self, sku: str, **states: str) -> None:
        for step in STEPS:
            if states.get(step) != "missing":
                fate = shoots.StepFate(step=step, state=states.get(step, "done"), seconds=1.0, reason="because")
                shoots.record_step(self.url, self.run_id, sku, fate)

    def fates(self) -> dict[str, str]:
        return {shoot.sku: shoot.fate for shoot in conclude(self.url, self.run_id).shoots}


@pytest.fixture
def night(tmp_path: Path) -> Night:
    return Night(tmp_path)


def changed(discovery: Discovery) -> dict[str, str]:
    return {planned.sku: planned.changed for planned in discovery.plans}


def test_a_shoot_is_new_then_unchanged_then_changed(night: Night) -> None:
    folder = night.add("mug")
    assert changed(night.run()) == {"mug": "new"}
    night.end("mug")
    assert night.fates() == {"mug": "done"}
    assert night.run().unchanged == ("mug",)
    assert night.fates() == {"mug": "unchanged"}
    (folder / "photos" / "DSC_0002.jpg").write_bytes(b"\xff\xd8")
    assert changed(night.run()) == {"mug": "its photos or shoot.yaml changed"}


def test_a_night_without_shoots_has_a_summary(night: Night) -> None:
    assert night.run() == Discovery() and night.fates() == {}


def test_only_a_shoot_held_for_lack_of_time_runs_again_unchanged(night: Night) -> None:
    night.add("mug")
    plan = night.run().plans[0].plan
    night.end("mug", splat="held")
    assert night.fates() == {"mug": "held"}
    assert night.run().unchanged == ("mug",)
    provenance = Provenance(started_at="", seconds=1, peak_memory_mb=1, device="cpu", host="here", versions={})
    request = Request(stage="splat", version=1, params={}, inputs={})
    reason = HeldReason(what="no time", remedy="Run it again", passing=True)
    night.store.commit(Manifest(key=request.key, request=request, held=reason, provenance=provenance))
    night.store.point(plan, "splat", "splat", request.key)
    assert changed(night.run()) == {"mug": "its last run: splat was held for lack of time"}


def test_a_fate_decided_during_a_run_is_not_final(night: Night) -> None:
    night.add("mug")
    night.run()
    shoots.record_step(night.url, night.run_id, "mug", shoots.StepFate(step="ingest", state="done", seconds=1.0))
    assert night.fates() == {"mug": "failed"}
    night.end("mug")
    assert night.fates() == {"mug": "done"}


@pytest.mark.parametrize(
    ("states", "fate", "again"),
    [
        ({"splat": "held"}, "held", False),
        ({"splat": "failed"}, "failed", True),
        ({"splat": "failed", "render": "missing"}, "failed", True),
        ({"publish": "missing"}, "failed", True),
        ({"ingest": "refused"}, "refused", True),
    ],
)
def test_a_failed_shoot_runs_again_and_a_held_one_does_not(
    night: Night, states: dict[str, str], fate: str, again: bool
) -> None:
    night.add("mug")
    night.run()
    night.end("mug", **states)
    assert night.fates() == {"mug": fate}
    summary = shoots.summary(night.url, night.run_id)
    assert bool(summary.failed) == again
    assert bool(night.run().plans) == again


def test_a_broken_shoot_is_refused_and_the_others_are_planned(night: Night) -> None:
    night.add("mug")
    night.add("tee", angles=[])
    discovery = night.run()
    assert changed(discovery) == {"mug": "new"}
    assert "angles" in discovery.refused[0].reason and discovery.refused[0].code == "shoot-unusable"
    night.end("mug")
    assert night.fates() == {"mug": "done", "folder tee": "refused"}
    assert shoots.summary(night.url, night.run_id).failed == ["folder tee"]


def test_a_sku_in_two_folders_refuses_both_and_keeps_published_assets(night: Night) -> None:
    """Either folder could be the published product's, so neither may replace its pictures."""
    night.add("mug")
    night.run()
    night.end("mug")
    night.fates()
    night.add("a/mug2", sku="mug")
    night.add("tee")
    discovery = night.run()
    assert changed(discovery) == {"tee": "new"}
    assert ["is also in" in refused.reason for refused in discovery.refused] == [True, True]
    assert {refused.code for refused in discovery.refused} == {"shoot-sku-twice"}
    night.end("tee")
    assert night.fates() == {"folder a/mug2": "refused", "folder mug": "refused", "tee": "done"}
    assert shoots.known_shoots(night.url)["mug"].fate == "done"


def test_no_folder_stops_discovery(night: Night, monkeypatch: pytest.MonkeyPatch) -> None:
    night.add("mug")
    night.add("a/tee", angles=[])
    night.add("b/tee", angles=[])
    night.add(os.fsdecode(b"caf\xe9"), sku="cafe")
    (night.root / "shoots" / "folder" / "shoot.yaml").mkdir(parents=True)
    night.add("locked", sku="locked")
    real_iterdir, real_scandir = Path.iterdir, os.scandir

    def require_open(folder: Path) -> None:
        if folder.name in {"photos", "locked"} and "locked" in folder.parts:
            raise PermissionError(13, "Permission denied", str(folder))

    def iterdir(folder: Path) -> Iterator[Path]:
        require_open(folder)
        return real_iterdir(folder)

    def scandir(folder: str) -> "os.ScandirIterator[str]":  # type: ignore[name-defined]
        require_open(Path(folder))
        return real_scandir(folder)

    monkeypatch.setattr(Path, "iterdir", iterdir)  # tests may run as root, which may read everything
    monkeypatch.setattr(os, "scandir", scandir)
    discovery = night.run()
    assert changed(discovery) == {"mug": "new"}
    reasons = {Path(refused.source).name: refused.reason for refused in discovery.refused}
    assert "cannot be read: Permission denied" in reasons["locked"]
    assert "Is a directory" in reasons["folder"]
    assert r"caf\udce9" in reasons[r"caf\udce9"]
    night.end("mug")
    refused = set(night.fates()) - {"mug"}
    assert refused == {"folder a/tee", "folder b/tee", r"folder caf\udce9", "folder folder", "folder locked"}


def test_shoots_are_found_in_subfolders_but_not_through_links(night: Night) -> None:
    folder = night.add("a/b/mug", sku="mug")
    (night.root / "shoots" / "everything").symlink_to("/")
    assert list(find_shoots(night.root / "shoots")) == [(folder, None)]
    with pytest.raises(BadInput, match="CATALOG_SHOOTS"):
        list(find_shoots(night.root / "nowhere"))


def test_shoots_out_of_reach_are_refused_with_their_reason(night: Night, tmp_path: Path) -> None:
    night.add("mug")
    night.add("1/2/3/4/5/deep", sku="deep")
    night.add("../elsewhere/tee", sku="tee")
    (night.root / "shoots" / "linked").symlink_to(tmp_path / "elsewhere" / "tee")
    (night.root / "shoots" / "spring").symlink_to(tmp_path / "elsewhere")
    night.add(".trash/old", sku="old")
    discovery = night.run()
    assert changed(discovery) == {"mug": "new"}
    reasons = {Path(refused.source).name: refused.reason for refused in discovery.refused}
    assert "more than 4 folders below" in reasons["deep"] and "Move it up" in reasons["deep"]
    assert "linked is a link, and links are not followed" in reasons["linked"]
    assert "elsewhere/tee holds a shoot. Move the folder itself there" in reasons["spring"]
    assert len(reasons) == 3 and {refused.code for refused in discovery.refused} == {"shoot-out-of-reach"}


@pytest.mark.parametrize("name", ["shoot.yml", "Shoot.yaml", "shoot.YAML"])
def test_a_shoot_file_of_another_name_is_refused_and_not_passed_over(night: Night, name: str) -> None:
    (night.add("mug") / "shoot.yaml").rename(night.root / "shoots" / "mug" / name)
    (refused,) = night.run().refused
    assert refused.code == "shoot-unusable" and f"{name} is not read, because of its name. Rename it" in refused.reason


def test_skus_that_differ_by_case_only_refuse_both(night: Night) -> None:
    night.add("Mug")
    night.add("a", sku="mug")
    assert {refused.code for refused in night.run().refused} == {"shoot-sku-twice"}


@pytest.mark.parametrize(("runs_here", "refused"), [(True, 1), (False, 0)])
def test_a_missing_engine_refuses_a_shoot_only_where_its_steps_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, runs_here: bool, refused: int
) -> None:
    night = Night(tmp_path)
    night.add("one")
    monkeypatch.setenv("PATH", str(tmp_path))
    (tmp_path / "mine.yaml").write_text("splat: {engine: nerfstudio}")
    preset = str(tmp_path / "mine.yaml")
    discovery = discover(tmp_path / "shoots", night.store, night.url, preset, "night", runs_here=runs_here)
    assert (len(discovery.refused), len(discovery.plans)) == (refused, 1 - refused)
    assert all("step splat: splat engine 'nerfstudio' requires" in refused.reason for refused in discovery.refused)
    assert all(folder.code == "shoot-engine-missing" for folder in discovery.refused)


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
