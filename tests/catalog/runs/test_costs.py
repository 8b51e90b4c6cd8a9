from pathlib import Path

import pytest

from pipeline.catalog.database import Catalog
from pipeline.catalog.review.decisions import decide
from pipeline.catalog.runs.costs import list_run_shoots, list_runs, read_run
from pipeline.catalog.shoots import StepFate, record_fate, record_planned, record_step
from pipeline.core.errors import BadInput
from tests.catalog.toy_shoot import ToyShoot
from tests.catalog.words import EVE, FRONT, OTHER_PHOTOS, UNSURE


def plan(url: str, run_id: str, sku: str) -> None:
    record_planned(
        url, run_id, sku=sku, collection="autumn", source="", listing_digest="l", plan_digest=f"plan of {sku}"
    )


def step(url: str, run_id: str, sku: str, name: str, state: str, **costs: float) -> None:
    record_step(url, run_id, sku, StepFate(step=name, state=state, **costs))  # type: ignore[arg-type]


def night(url: str, run_id: str, shoot: ToyShoot) -> None:
    """One shoot is published, one is held, one fails."""
    for sku in ("MUG-1", "MUG-2", "MUG-3"):
        plan(url, run_id, sku)
    step(url, run_id, "MUG-1", "ingest", "cached", reused=4)
    step(url, run_id, "MUG-1", "cutout", "done", seconds=8, cost_usd=0.25, computed=3, reused=1)
    shoot.publish()
    step(url, run_id, "MUG-1", "publish", "done", seconds=1, computed=1)
    step(url, run_id, "MUG-2", "cutout", "held", seconds=4, cost_usd=0.5, computed=2)
    step(url, run_id, "MUG-3", "cutout", "failed", seconds=2, cost_usd=0.125, computed=1)
    for sku, fate in {"MUG-1": "done", "MUG-2": "held", "MUG-3": "failed"}.items():
        record_fate(url, run_id, sku, fate, "because")  # type: ignore[arg-type]


def test_a_run_costs_what_all_its_steps_cost_held_and_failed_ones_too(tmp_path: Path, catalog_url: str) -> None:
    night(catalog_url, "night 1", ToyShoot(tmp_path, catalog_url))
    run, steps = read_run(Catalog(catalog_url), "night 1")
    assert run.fates == {"done": 1, "failed": 1, "held": 1}
    assert (run.seconds, run.cost_usd, run.wasted_usd) == (15.0, 0.875, 0.625)
    assert (run.computed, run.reused, run.published, run.usd_per_image) == (7, 5, 2, 0.4375)
    assert [each.step for each in steps] == ["ingest", "cutout", "publish"]
    cutout = steps[1]
    assert cutout.states == {"done": 1, "failed": 1, "held": 1}
    assert (cutout.seconds, cutout.cost_usd, cutout.computed, cutout.reused) == (14.0, 0.875, 6, 1)


def test_only_images_that_a_run_published_first_count_for_it(tmp_path: Path, catalog_url: str) -> None:
    shoot, catalog = ToyShoot(tmp_path, catalog_url), Catalog(catalog_url)
    night(catalog_url, "night 1", shoot)
    night(catalog_url, "night 2", shoot)
    night(catalog_url, "night 3", shoot.but(photos=OTHER_PHOTOS, verdict=UNSURE))
    decide(catalog, [FRONT], "approved", EVE)
    night(catalog_url, "night 4", shoot.but(photos=OTHER_PHOTOS, angles=("front", "left", "right")))
    runs = {run.run_id: run for run in list_runs(catalog).rows}
    assert [runs[f"night {number}"].published for number in (1, 2, 3, 4)] == [2, 0, 0, 2]
    assert runs["night 2"].usd_per_image is None


def test_runs_and_their_shoots_come_page_by_page(tmp_path: Path, catalog_url: str) -> None:
    catalog = Catalog(catalog_url)
    shoot = ToyShoot(tmp_path, catalog_url)
    for number in range(3):
        night(catalog_url, f"night {number}", shoot)
    newest = list_runs(catalog, limit=2)
    assert [run.run_id for run in newest.rows] == ["night 2", "night 1"]
    assert [run.run_id for run in list_runs(catalog, cursor=newest.next, limit=2).rows] == ["night 0"]
    first = list_run_shoots(catalog, "night 0", limit=2)
    assert [(each.sku, each.cost_usd, each.published) for each in first.rows] == [("MUG-1", 0.25, 2), ("MUG-2", 0.5, 0)]
    assert [each.sku for each in list_run_shoots(catalog, "night 0", cursor=first.next).rows] == ["MUG-3"]
    assert [each.sku for each in list_run_shoots(catalog, "night 0", fate="held").rows] == ["MUG-2"]


def test_unknown_runs_are_reported(catalog_url: str) -> None:
    catalog = Catalog(catalog_url)
    plan(catalog_url, "night 1", "MUG-1")
    for call in (read_run, list_run_shoots):
        with pytest.raises(BadInput, match=r"no run 'night 9'.*latest: night 1"):
            call(catalog, "night 9")
    with pytest.raises(BadInput, match="no run 'x'"):
        list_runs(catalog, cursor="x")
    assert read_run(catalog, "night 1")[0].cost_usd == 0
