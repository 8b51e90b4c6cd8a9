import pytest

from pipeline.catalog.database import Catalog
from pipeline.catalog.shoots import (
    HeldShoot,
    StepFate,
    held_shoots,
    is_changed,
    known_shoots,
    record_fate,
    record_planned,
    record_step,
    summary,
)
from pipeline.core.errors import BadInput


def plan(url: str, run_id: str, sku: str = "MUG-1", listing: str = "l1") -> None:
    record_planned(
        url,
        run_id,
        sku=sku,
        collection="autumn",
        source="/shoots/mug",
        listing_digest=listing,
        plan_digest="p" + listing,
    )


def test_new_shoot_counts_as_changed(catalog_url: str) -> None:
    assert is_changed(known_shoots(catalog_url).get("MUG-1"), "l1")


@pytest.mark.parametrize(
    ("fate", "again"), [("done", False), ("held", False), ("failed", True), ("refused", True), ("planned", True)]
)
def test_only_unfinished_shoots_run_again_on_the_same_files(catalog_url: str, fate: str, again: bool) -> None:
    plan(catalog_url, "night 1")
    record_fate(catalog_url, "night 1", "MUG-1", fate, "because")  # type: ignore[arg-type]
    known = known_shoots(catalog_url)["MUG-1"]
    assert (known.fate, known.reason, known.last_run_id) == (fate, "because", "night 1")
    assert is_changed(known, "l1") is again
    assert is_changed(known, "l2")


def test_unchanged_is_recorded_for_the_run_but_not_for_the_shoot(catalog_url: str) -> None:
    plan(catalog_url, "night 1")
    record_fate(catalog_url, "night 1", "MUG-1", "held", "7 of 24 photos registered")
    record_fate(catalog_url, "night 2", "MUG-1", "unchanged")
    known = known_shoots(catalog_url)["MUG-1"]
    assert (known.fate, known.last_run_id) == ("held", "night 1")
    assert [(shoot.sku, shoot.fate) for shoot in summary(catalog_url, "night 2").shoots] == [("MUG-1", "unchanged")]


def test_summary_lists_every_shoot_and_step(catalog_url: str) -> None:
    plan(catalog_url, "night 1")
    record_step(catalog_url, "night 1", "MUG-1", StepFate(step="ingest", state="done", seconds=3.5))
    record_step(catalog_url, "night 1", "MUG-1", StepFate(step="sfm", state="failed", reason="first try"))
    record_step(
        catalog_url, "night 1", "MUG-1", StepFate(step="sfm", state="held", seconds=9.0, reason="gap at 95 deg")
    )
    record_fate(catalog_url, "night 1", "MUG-1", "held", "gap at 95 deg")
    record_fate(catalog_url, "night 1", "broken", "refused", "no sku", collection="autumn", source="/shoots/broken")
    plan(catalog_url, "night 1", sku="BAG-2")
    run = summary(catalog_url, "night 1")
    assert [(shoot.sku, shoot.fate) for shoot in run.shoots] == [
        ("BAG-2", "planned"),
        ("MUG-1", "held"),
        ("broken", "refused"),
    ]
    steps = run.shoots[1].steps
    assert {(step.step, step.state, step.seconds, step.reason) for step in steps} == {
        ("ingest", "done", 3.5, ""),
        ("sfm", "held", 9.0, "gap at 95 deg"),
    }
    assert sorted(run.failed) == ["BAG-2", "broken"]


def test_held_shoots_are_listed_with_the_pictures_of_their_last_run(catalog_url: str) -> None:
    for night, picture in (("night 1", "a" * 64), ("night 2", "b" * 64)):
        plan(catalog_url, night)
        record_step(
            catalog_url,
            night,
            "MUG-1",
            StepFate(step="cutout", state="held", reason="not found", picture_sha256=picture),
        )
        record_step(catalog_url, night, "MUG-1", StepFate(step="sfm", state="held", reason="held by cutout"))
        record_fate(catalog_url, night, "MUG-1", "held", "cutout: not found")
    plan(catalog_url, "night 2", sku="BAG-2")
    record_fate(catalog_url, "night 2", "BAG-2", "done")
    held = HeldShoot(sku="MUG-1", collection="autumn", reason="cutout: not found", pictures={"cutout": "b" * 64})
    assert held_shoots(Catalog(catalog_url)) == held_shoots(Catalog(catalog_url), sku="MUG-1") == [held]
    assert held_shoots(Catalog(catalog_url), sku="BAG-2") == []
    assert held_shoots(Catalog(catalog_url), collection="spring") == []
    steps = summary(catalog_url, "night 1").shoots[0].steps
    assert {step.step: step.picture_sha256 for step in steps} == {"cutout": "a" * 64, "sfm": None}


def test_unknown_run_is_reported(catalog_url: str) -> None:
    with pytest.raises(BadInput, match="'night 7'"):
        summary(catalog_url, "night 7")
