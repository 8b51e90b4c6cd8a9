"""The command `backfill`, with toy steps: the matrix first, then the steps; its JSON is what Airflow maps over."""

import json

import pytest

from pipeline.catalog import shoots
from pipeline.core.errors import BadInput
from pipeline.plan import STEPS
from tests.cli.test_runs import in_process
from tests.dags.toy_shoots import write_toy_shoot
from tests.toy_steps import toy_stages

__all__ = ["toy_stages"]
pytestmark = pytest.mark.usefixtures("toy_stages")


@pytest.fixture
def catalog(tmp_path, monkeypatch):
    """Call `catalog` over a collection of two shoots, one of which is held."""
    write_toy_shoot(tmp_path / "shoots", "tee")
    write_toy_shoot(tmp_path / "shoots", "mug", "sfm-held")
    monkeypatch.setenv("CATALOG_SHOOTS", str(tmp_path / "shoots"))
    return lambda *arguments: in_process(tmp_path, monkeypatch, *arguments)


def test_the_matrix_is_shown_and_then_made(catalog):
    shown = catalog("backfill", "toys", "--dry-run").stdout
    assert "m missing 24" in shown and "to run: 24 cells of 2 shoots" in shown and "never ran on this store" in shown
    made = catalog("backfill", "toys", "--json")
    assert made.exit_code == 20  # held
    answer = json.loads(made.stdout)
    assert {row["sku"]: len(row["cells"]) for row in answer["shoots"]} == {"mug": len(STEPS), "tee": len(STEPS)}
    assert {step["state"] for step in answer["results"]["tee"]} == {"done"}
    again = catalog("backfill", "toys")
    assert again.exit_code == 0 and "to run: 0 cells of 0 shoots" in again.stdout


def test_planning_for_airflow_records_the_run_and_runs_nothing(catalog, tmp_path):
    arguments = (
        "backfill",
        "--plan-only",
        "--json",
        "--run-id",
        "backfill 1",
        "--steps=..sfm",
        "--only=any",
        "--since=",
    )
    answer = json.loads(catalog(*arguments, "--no-dry-run", "--", "toys", str(tmp_path / "shoots")).stdout)
    assert [plan["sku"] for plan in answer["plans"]] == ["mug", "tee"] and answer["results"] == {}
    run = shoots.summary(f"sqlite:///{tmp_path / 'catalog.db'}", "backfill 1")
    assert {shoot.fate for shoot in run.shoots} == {"planned"}
    plan = answer["plans"][1]["plan"]
    assert catalog("stage", "ingest", "--plan", plan, "--run-id", "backfill 1").exit_code == 0
    left_out = catalog("stage", "splat", "--plan", plan, "--run-id", "backfill 1")
    assert left_out.exit_code == 20 and "held: not part of this backfill" in left_out.stderr
    arguments = (*arguments[:3], "--run-id", "shown", "--dry-run", "toys")
    assert json.loads(catalog(*arguments).stdout)["plans"] == []


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--only", "broken"), "--only broken: there is no such state. Use any, missing, failed, held, outdated"),
        (("--since", "yesterday"), "--since yesterday is not a date"),
        (("--steps", "paint.."), "'paint' is not a step"),
        (("--preset", "nope"), "there is no preset 'nope'"),
    ],
)
def test_bad_options_are_one_clear_error_and_record_nothing(catalog, tmp_path, arguments, message):
    failed = catalog("backfill", "toys", *arguments)
    assert isinstance(failed.exception, BadInput) and message in str(failed.exception)
    assert not (tmp_path / "catalog.db").exists() or shoots.known_shoots(f"sqlite:///{tmp_path / 'catalog.db'}") == {}
