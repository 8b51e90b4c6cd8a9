"""What a team is told about a run."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from pipeline.catalog.runs.fates import Entry, record_entries
from pipeline.catalog.shoots import StepFate, record_fate, record_step
from pipeline.core.errors import BadInput
from pipeline.notice import Around, Counts, late_notice, notice_of, unknown_notice
from pipeline.plan import STEPS
from tests.catalog.runs.test_costs import night, plan
from tests.catalog.toy_shoot import ToyShoot

URL_OF_RUN = {"Run": "https://airflow.example/runs/1"}


def ended(tmp_path: Path, url: str) -> None:
    """A night in which a shoot is published, one is held, one fails, and others do not run."""
    night(url, "night", ToyShoot(tmp_path, url))
    for sku, step in (("MUG-1", "publish"), ("MUG-2", "cutout"), ("MUG-3", "cutout")):
        state = {"MUG-1": "done", "MUG-2": "held", "MUG-3": "failed"}[sku]
        for name in STEPS:
            if name != step and (sku != "MUG-1" or name not in {"ingest", "cutout"}):
                record_step(url, "night", sku, StepFate(step=name, state=state, reason=f"{name} reason"))
    record_fate(url, "night", "folder x", "refused", "shoot.yaml is empty", source="/x")
    others = [Entry(sku=f"TEE-{number}", fate="unchanged", collection="summer") for number in range(3)]
    others += [Entry(sku="CAP", fate="postponed", collection="caps", reason="one run takes at most 3 shoots")]
    record_entries(url, "night", others)


def test_a_notice_counts_and_says_who_needs_a_person_and_why(tmp_path: Path, catalog_url: str) -> None:
    ended(tmp_path, catalog_url)
    notice = notice_of(catalog_url, "night", Around(waiting=1, links=URL_OF_RUN))
    assert notice.subject == "Catalog run night: 2 images published, 1 held, 1 failed, 1 refused"
    assert notice.lines[0] == "2 images published, 0 in review, 0 rejected."
    assert notice.lines[1] == (
        "Shoots: 1 done, 1 held, 1 failed, 1 refused, 3 unchanged, 1 postponed, 1 still being uploaded."
    )
    assert [line.partition(":")[0] for line in notice.lines[2:5]] == ["held", "failed", "refused"]
    assert "refused: folder x: shoot.yaml is empty" in notice.lines
    assert "1 shoot postponed to the next run: one run takes at most 3 shoots." in notice.lines
    assert notice.lines[-1] == "Work: 0.0 hours, 0.88 USD, 0.4375 USD for each published image."
    assert notice.text.endswith("Run: https://airflow.example/runs/1")
    assert notice.collections["autumn"] == Counts(published=2, done=1, held=1, failed=1)
    assert notice.collections["summer"] == Counts(unchanged=3)


def test_many_shoots_of_a_kind_are_named_in_part(catalog_url: str) -> None:
    entries = [Entry(sku=f"MUG-{number:02}", fate="refused", reason="x" * 500) for number in range(12)]
    record_entries(catalog_url, "night", entries)
    lines = notice_of(catalog_url, "night", Around()).lines
    refused = [line for line in lines if line.startswith("refused: ")]
    assert len(refused) == 6 and refused[-1] == "refused: and 7 more"
    assert all(len(line) < 230 for line in refused)


def test_what_a_file_says_is_text_in_every_form_of_the_notice(catalog_url: str) -> None:
    hostile = "</p><script>alert(1)</script>\u202e\r\nBcc: x@example.org"
    record_fate(catalog_url, "night", "folder x", "refused", hostile)
    notice = notice_of(catalog_url, "night", Around(links={"Run": 'https://x/"onclick="'}))
    assert "<script>" not in notice.html and "&lt;script&gt;" in notice.html and '"onclick' not in notice.html
    assert all(line.isprintable() for line in (notice.subject, *notice.lines))


def test_a_run_with_nothing_to_do_is_empty_unless_shoots_wait_or_tasks_failed(catalog_url: str) -> None:
    record_entries(catalog_url, "night", [Entry(sku="MUG-1", fate="unchanged")])
    assert notice_of(catalog_url, "night", Around()).is_empty
    assert not notice_of(catalog_url, "night", Around(waiting=1)).is_empty
    assert not notice_of(catalog_url, "night", Around(failed_tasks=("discover",))).is_empty


def test_a_late_run_says_how_many_shoots_still_run_and_decides_no_fate(catalog_url: str) -> None:
    for sku in ("MUG-1", "MUG-2", "MUG-3", "MUG-4"):
        plan(catalog_url, "night", sku)
    record_step(catalog_url, "night", "MUG-1", StepFate(step="ingest", state="done"))
    record_step(catalog_url, "night", "MUG-2", StepFate(step="ingest", state="failed", reason="no memory"))
    for name in STEPS:
        record_step(catalog_url, "night", "MUG-3", StepFate(step=name, state="done"))
    at = datetime(2026, 11, 30, 8, tzinfo=UTC)
    notice = late_notice(catalog_url, "night", at, Around())
    assert notice.subject == "Catalog run night: not finished by 2026-11-30 08:00 UTC: 2 of 4 shoots still run"
    assert notice.lines[1:] == ("Ended: 1 done, 1 failed.", "Still running: MUG-1, MUG-4.")
    assert notice_of(catalog_url, "night", Around()).counts.failed == 3  # as the run ended with these steps


def test_an_unrecorded_run_has_a_notice_only_if_it_is_known_to_have_failed(catalog_url: str) -> None:
    with pytest.raises(BadInput, match="no run 'night'"):
        notice_of(catalog_url, "night", Around())
    notice = unknown_notice("night", None, Around(failed_tasks=("discover",)))
    assert notice.subject == "Catalog run night: ended before it had looked for shoots"
    assert notice.lines[-1] == "Tasks of Airflow that failed: discover."
