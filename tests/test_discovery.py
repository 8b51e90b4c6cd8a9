import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from pipeline.catalog import shoots
from pipeline.contract.manifest import HeldReason, Manifest, Provenance, Request
from pipeline.core.errors import BadInput
from pipeline.discovery import Discovery, discover
from pipeline.finding import find_shoots
from tests.nights import Night, changed


@pytest.fixture
def night(tmp_path: Path) -> Night:
    return Night(tmp_path)


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
