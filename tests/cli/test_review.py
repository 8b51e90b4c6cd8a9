"""The commands over the catalog's history, on a published toy shoot."""

import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from pipeline.catalog.shoots import StepFate, record_fate, record_planned, record_step
from pipeline.cli.app import app
from pipeline.cli.brief import MadeBrief
from pipeline.core.errors import BadInput
from pipeline.language.briefs.plan import EditPlan
from pipeline.request import Redo
from tests.catalog.toy_shoot import ToyShoot
from tests.catalog.words import FRONT, LEFT, OTHER_PHOTOS, UNSURE


@pytest.fixture
def shoot(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ToyShoot:
    url = f"sqlite:///{tmp_path}/catalog.db"
    monkeypatch.setenv("CATALOG_DATABASE_URL", url)
    monkeypatch.setenv("COLUMNS", "200")
    record_planned(url, "night", sku="MUG-1", collection="autumn", source="", listing_digest="l", plan_digest="p")
    toy = ToyShoot(tmp_path, url, verdict=UNSURE)
    toy.publish()
    record_step(url, "night", "MUG-1", StepFate(step="publish", state="done", seconds=2.0, cost_usd=0.5, computed=1))
    record_fate(url, "night", "MUG-1", "done")
    return toy


def catalog(*words: object) -> str:
    result = CliRunner().invoke(app, [str(word) for word in words])
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    assert result.exit_code == 0, result.output
    return result.stdout


def catalog_json(*words: object) -> dict[str, Any]:
    value: dict[str, Any] = json.loads(catalog(*words, "--json"))
    return value


def test_review_is_listed_decided_undone_and_logged(shoot: ToyShoot) -> None:
    assert [row["asset"]["id"] for row in catalog_json("review", "list")["rows"]] == [FRONT, LEFT]
    assert f"{FRONT}: published (was in review)" in catalog("review", "approve", FRONT, "--by", "ann")
    (front,) = catalog_json("review", "log")["rows"]
    assert front["decided_by"] == "ann"
    (undone,) = catalog_json("review", "undo", FRONT)["assets"]
    assert (undone["before"], undone["after"]) == ("published", "in review")
    catalog("review", "reject", FRONT, "--reason", "too dark")
    catalog("review", "withdraw", LEFT, "--reason", "licence")
    assert "nothing waits for review" in catalog("review", "list")
    assert [row["holds"] for row in catalog_json("review", "log", "--asset", FRONT)["rows"]] == [True, False]
    assert "undone by" in catalog("review", "log", "--by", "ann")


def test_impact_lists_assets_for_scripts_and_for_people(shoot: ToyShoot) -> None:
    for what in (("--photo", "MUG-1/A"), ("--checkpoint", "cccc"), ("--setting", "cutout.engine=matting")):
        assert [row["asset_id"] for row in catalog_json("impact", *what)["assets"]] == [FRONT, LEFT]
    shown = catalog("impact", "--setting", "cutout.engine=matting", "--limit", 1)
    assert "engine cutout.engine=matting" in shown and f"more: --after {FRONT}@1" in shown
    assert LEFT in catalog("impact", "--photo", "MUG-1/A", "--after", f"{FRONT}@1")
    assert CliRunner().invoke(app, ["impact"]).exit_code == 2


def test_lineage_as_of_a_day_and_the_difference_since(shoot: ToyShoot) -> None:
    before = catalog_json("lineage", FRONT)
    shoot.but(photos=OTHER_PHOTOS).publish()
    at = catalog_json("diff", FRONT)["old"]["made_at"]
    assert catalog_json("lineage", FRONT, "--as-of", at)["steps"] == before["steps"]
    assert catalog_json("lineage", FRONT, "--as-of", at[:10])["version"]["number"] == 2, "at the end of that day"
    shown = catalog("diff", FRONT, 1, 2)
    assert "it began with ingest_photo A" in shown and "input photo" in shown
    with pytest.raises(BadInput, match="was not made at 2020-01-01 23:59 UTC"):
        catalog("lineage", FRONT, "--as-of", "2020-01-01")
    with pytest.raises(BadInput, match="'yesterday' is not a date"):
        catalog("lineage", FRONT, "--as-of", "yesterday")


def test_costs_of_all_runs_and_of_one_by_step(shoot: ToyShoot) -> None:
    (run,) = catalog_json("costs")["runs"]
    assert (run["cost_usd"], run["published"], run["usd_per_image"]) == (0.5, 0, None)
    assert "night" in catalog("costs") and "0.5000" in catalog("costs")
    assert [step["step"] for step in catalog_json("costs", "--run", "night")["steps"]] == ["publish"]
    assert "1 done; 2.0 s, 0.5000 USD" in catalog("costs", "--run", "night")


def test_a_user_without_a_name_must_give_one(shoot: ToyShoot, monkeypatch: pytest.MonkeyPatch) -> None:
    def nameless() -> str:
        raise KeyError("getpwuid(): uid not found: 1001")

    monkeypatch.setattr("getpass.getuser", nameless)
    with pytest.raises(BadInput, match="--by"):
        catalog("review", "approve", FRONT)
    assert catalog_json("review", "log")["rows"] == []


def test_a_redo_is_made_at_once_with_its_settings(shoot: ToyShoot, monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[tuple[Any, ...]] = []

    def run_brief(sku: str, text: str, parser: object, redo: Redo, **how: Any) -> MadeBrief:
        (row,) = [
            row for row in catalog_json("review", "log")["rows"] if row["settings"].get("run_id") == how["run_id"]
        ]
        made.append((sku, text, redo, how["run"], row["settings"]["text"]))
        return MadeBrief(sku, EditPlan(text=text, language="en", parser=""), "", 0.0, [])

    monkeypatch.setattr("pipeline.cli.review.run_brief", run_brief)
    shown = catalog_json("review", "redo", LEFT, FRONT, "--reason", "on oak", "--set", "light.strength=0.7")
    assert [each["asset_id"] for each in shown["assets"]] == [LEFT, FRONT]
    settings = {"light.strength": 0.7}
    assert made == [("MUG-1", "on oak", Redo(asset, settings), True, "on oak") for asset in (LEFT, FRONT)]
    catalog("review", "redo", LEFT, "--set", "light.strength=0.7")
    assert made[-1][1] == made[-1][-1] == "light.strength=0.7"


@pytest.mark.parametrize("words", [(), ("--set", "shadow=layer"), ("--set", "light.strength=7")])
def test_a_redo_that_cannot_be_made_is_not_recorded(shoot: ToyShoot, words: tuple[str, ...]) -> None:
    with pytest.raises(BadInput):
        catalog("review", "redo", LEFT, *words)
    assert catalog_json("review", "log")["rows"] == []
