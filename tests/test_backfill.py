"""Backfills by cells, with toy steps: what is picked, what it takes, and that stopping one harms no night."""

from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from pipeline import plan as plan_module
from pipeline.backfill import Backfill, Wanted, plan_backfill
from pipeline.catalog import shoots
from pipeline.catalog.database import Catalog
from pipeline.catalog.runs.costs import read_run
from pipeline.cells import parse_steps, with_upstream
from pipeline.contract.runner import Runner
from pipeline.contract.store import Store
from pipeline.core.errors import BadInput
from pipeline.discovery import ALL, Share, conclude, discover
from pipeline.mirror import ShootsFolder
from pipeline.plan import STEPS, read_plan
from pipeline.run import run_plan
from tests.dags.toy_shoots import write_toy_shoot
from tests.toy_steps import toy_stages

real = plan_module._stored
__all__ = ["toy_stages"]
pytestmark = pytest.mark.usefixtures("toy_stages")


class Collection:
    """The collection `toys`: tee is fine, mug is held at sfm, hat fails at caption; and a shoot of another one."""

    def __init__(self, root: Path) -> None:
        self.root, self.url, self.count = root, f"sqlite:///{root / 'catalog.db'}", 0
        self.runner = Runner(Store(root / "store"), catalog_url=self.url, cost_per_hour_usd=3600.0)
        self.preset = root / "preset.yaml"
        self.preset.write_text("")
        write_toy_shoot(root / "shoots", "tee")
        write_toy_shoot(root / "shoots", "mug", "sfm-held")
        write_toy_shoot(root / "shoots", "hat", "caption-fail")
        write_toy_shoot(root / "shoots", "bag", collection="bags")

    def plan(
        self, run_id: str | None = None, *, dry_run: bool = False, share: Share = ALL, **wanted: object
    ) -> Backfill:
        asked = Wanted.model_validate({"collection": "toys", **wanted})
        place, preset = ShootsFolder(self.root / "shoots"), str(self.preset)
        return plan_backfill(asked, place, self.runner, self.url, preset, run_id=run_id, dry_run=dry_run, share=share)

    def run(self, *, only_first: bool = False, share: Share = ALL, **wanted: object) -> list[str]:
        """Backfill to the end, or only the first shoot of it; returns the shoots that it planned."""
        self.count += 1
        run_id = f"backfill-{self.count}"
        planned = self.plan(run_id, share=share, **wanted)
        for row in planned.plans[: 1 if only_first else None]:
            plan = read_plan(self.runner.store, row.plan)
            for result in run_plan(self.runner, plan, row.plan):
                fate = shoots.StepFate(step=result.step, state=result.state, reason=result.reason)
                shoots.record_step(self.url, run_id, row.sku, fate)
            conclude(self.url, run_id, {row.sku})
        return [row.sku for row in planned.plans]

    def states(self, sku: str, **wanted: object) -> dict[str, str]:
        (row,) = (row for row in self.plan(**wanted).shoots if row.sku == sku)
        return {cell.step: cell.state for cell in row.cells}

    def night(self) -> dict[str, str]:
        self.count += 1
        store = self.runner.store
        found = discover(self.root / "shoots", store, self.url, str(self.preset), f"night-{self.count}")
        return {planned.sku: planned.changed for planned in found.plans}


@pytest.fixture
def toys(tmp_path: Path) -> Collection:
    return Collection(tmp_path)


def test_a_new_collection_is_missing_as_a_whole(toys: Collection) -> None:
    planned = toys.plan()
    assert [row.sku for row in planned.shoots] == ["hat", "mug", "tee"]
    assert planned.counts == {"cached": 0, "missing": 3 * len(STEPS), "failed": 0, "held": 0, "outdated": 0}
    assert planned.to_run == 3 * len(STEPS) and len(planned.plans) == 3
    assert set(planned.estimate.unknown) == set(STEPS) - {"publish"}
    assert shoots.known_shoots(toys.url) == {}  # shown, and nothing recorded


def test_what_is_there_is_not_made_again_and_what_failed_is(toys: Collection) -> None:
    toys.run()
    assert set(toys.states("tee").values()) == {"cached"}
    mug = toys.states("mug")
    assert (mug["ingest"], mug["sfm"], mug["splat"], mug["publish"]) == ("cached", "held", "held", "cached")
    hat = toys.states("hat")
    assert (hat["render"], hat["caption"], hat["composite"]) == ("cached", "failed", "missing")
    run, _ = read_run(Catalog(toys.url), "backfill-1")  # sums that are kept while it runs
    assert run.fates == {"done": 1, "failed": 1, "held": 1}
    assert toys.run() == ["hat"]
    assert toys.run(only="missing", steps="composite") == ["hat"]
    assert toys.run(only="held") == []  # it would be held again


def test_a_changed_preset_outdates_cells_and_each_state_can_be_picked(toys: Collection) -> None:
    toys.run()
    toys.preset.write_text("sfm: {rounds: 2}")
    tee = toys.states("tee")
    assert [step for step, state in tee.items() if state == "cached"] == ["ingest", "cutout"]
    assert {tee[step] for step in STEPS if step not in {"ingest", "cutout"}} == {"outdated"}
    assert toys.run(only="held", only_first=True) == ["mug"]
    assert toys.run(only="failed", only_first=True) == ["hat"]
    assert toys.run(only="outdated", steps="splat..") == ["tee"]
    assert set(toys.states("tee").values()) == {"cached"}


def test_some_steps_run_with_those_above_and_leave_the_shoot_as_it_was(toys: Collection) -> None:
    toys.run()
    before = shoots.known_shoots(toys.url)["tee"]
    toys.preset.write_text("sfm: {rounds: 2}\nrender: {side: 3}")
    assert set(toys.run(steps="..sfm")) == {"hat", "mug", "tee"}
    run = shoots.summary(toys.url, f"backfill-{toys.count}")
    (tee,) = (shoot for shoot in run.shoots if shoot.sku == "tee")
    assert tee.fate == "done" and {step.step for step in tee.steps if step.state == "not run"} == set(STEPS[3:])
    after = shoots.known_shoots(toys.url)["tee"]
    assert (after.plan_digest, after.edition, after.fate) == (before.plan_digest, before.edition, before.fate)
    assert toys.states("tee")["sfm"] == "cached" and toys.states("tee")["render"] == "outdated"


def test_a_stopped_backfill_goes_on_and_gives_the_night_nothing_to_do(toys: Collection) -> None:
    toys.run()
    toys.preset.write_text("ingest: {bits: 16}")
    assert toys.run(only="outdated", only_first=True) == ["hat", "mug", "tee"]
    assert toys.run(only="outdated", only_first=True) == ["mug", "tee"]
    assert [planned.sku for planned in toys.plan().plans] == ["hat", "tee"]
    assert toys.night().keys() == {"hat", "bag"}  # hat failed again, and nobody has run bag
    now = shoots.known_shoots(toys.url)
    assert now["tee"].fate == "done" and now["tee"].edition != now["mug"].edition
    toys.run()
    assert set(toys.states("tee").values()) == {"cached"}


def test_photos_that_have_not_changed_are_not_stored_again(toys: Collection, monkeypatch: pytest.MonkeyPatch) -> None:
    toys.run()
    before = {planned.sku: planned.plan for planned in toys.plan().shoots if planned.plan}
    stored: list[Path] = []
    monkeypatch.setattr(plan_module, "_stored", lambda store, file: stored.append(file) or real(store, file))
    assert {planned.sku: planned.plan for planned in toys.plan().shoots if planned.plan} == before
    assert {path.name for path in stored} == {"shoot.yaml"}
    (toys.root / "shoots" / "tee" / "photos" / "back.jpg").write_bytes(b"another photo")
    assert toys.states("tee")["ingest"] == "missing"
    assert {path.parts[-3] for path in stored if path.suffix == ".jpg"} == {"tee"}


def test_only_shoots_that_ran_since_a_day(toys: Collection) -> None:
    toys.run()
    toys.preset.write_text("ingest: {bits: 16}")
    today = datetime.now(UTC).date()
    assert len(toys.plan(since=today - timedelta(days=1)).plans) == 3
    write_toy_shoot(toys.root / "shoots", "new")
    assert [row.sku for row in toys.plan(since=today + timedelta(days=2)).plans] == ["new"]
    assert Wanted(collection="toys", since="2026-11-30").since == date(2026, 11, 30)


def test_the_estimate_counts_the_cells_that_run(toys: Collection) -> None:
    toys.run()
    write_toy_shoot(toys.root / "shoots", "new")
    planned = toys.plan(only="missing", steps="ingest")
    assert [row.sku for row in planned.plans] == ["new"] and planned.to_run == 1
    assert planned.estimate.unknown == () and 0 < planned.estimate.usd == pytest.approx(
        planned.estimate.seconds, abs=0.1
    )


def test_a_dry_run_records_a_run_with_nothing_to_do(toys: Collection) -> None:
    planned = toys.plan("shown", dry_run=True)
    assert len(planned.plans) == 3
    run = shoots.summary(toys.url, "shown")
    assert {shoot.sku: shoot.fate for shoot in run.shoots} == dict.fromkeys(("hat", "mug", "tee"), "unchanged")
    assert run.failed == []


def test_a_shoot_that_cannot_be_planned_is_refused_and_the_others_are_planned(toys: Collection) -> None:
    (toys.root / "shoots" / "mug" / "shoot.yaml").write_text("sku: [")
    planned = toys.plan("refusing")
    assert [row.sku for row in planned.shoots] == ["hat", "tee"]
    assert [refused.code for refused in planned.refused] == ["shoot-unusable"]
    assert shoots.summary(toys.url, "refusing").failed == ["folder mug", "hat", "tee"]


def test_an_unknown_collection_names_those_there_are(toys: Collection) -> None:
    with pytest.raises(BadInput, match=r"no shoot of the collection 'toy' below .*names \(bags, toys\)"):
        toys.plan(collection="toy")


@pytest.mark.parametrize(
    ("text", "steps"),
    [
        ("", STEPS),
        ("..", STEPS),
        ("splat", ("splat",)),
        ("splat..", STEPS[STEPS.index("splat") :]),
        ("..sfm", ("ingest", "cutout", "sfm")),
        ("cutout..sfm", ("cutout", "sfm")),
    ],
)
def test_a_range_of_steps(text: str, steps: tuple[str, ...]) -> None:
    assert parse_steps(text) == steps


@pytest.mark.parametrize("text", ["splats", "splat...", "..nothing", "splat..sfm"])
def test_a_wrong_range_of_steps_is_bad_input(text: str) -> None:
    with pytest.raises(BadInput, match="--steps"):
        parse_steps(text)


def test_the_steps_above_are_needed_too() -> None:
    assert with_upstream(["sfm"]) == ("ingest", "cutout", "sfm")
    assert with_upstream(["publish"]) == STEPS


def test_a_backfill_takes_its_share_and_the_next_runs_take_the_rest_once(toys: Collection) -> None:
    """hat fails each time, and must not take the place of those that wait."""
    assert toys.run(share=Share(at_most=1)) == ["hat"]
    run = shoots.summary(toys.url, "backfill-1")
    assert {shoot.sku: shoot.fate for shoot in run.shoots} == {"hat": "failed", "mug": "postponed", "tee": "postponed"}
    assert set(shoots.known_shoots(toys.url)) == {"hat", "mug", "tee"}
    assert toys.run(share=Share(at_most=1, after="backfill-1")) == ["mug"]
    assert toys.run(share=Share(at_most=1, after="backfill-2")) == ["tee"]
    assert toys.run(share=Share(at_most=1, after="backfill-3")) == []
    assert toys.run(share=Share(at_most=1)) == ["hat"]


def test_a_backfill_with_a_share_begins_with_what_ran_longest_ago(toys: Collection) -> None:
    toys.run()
    toys.preset.write_text("render: {side: 3}")
    assert toys.run(share=Share(at_most=1)) == ["hat"]
    assert toys.run(share=Share(at_most=2)) == ["mug", "tee"]


def test_a_backfill_that_is_only_shown_postpones_nothing(toys: Collection) -> None:
    planned = toys.plan("shown", dry_run=True, share=Share(at_most=1))
    assert len(planned.postponed) == 2 and planned.to_run == len(STEPS)
    assert {shoot.fate for shoot in shoots.summary(toys.url, "shown").shoots} == {"unchanged"}
