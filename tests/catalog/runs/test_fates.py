"""Shoots of a run recorded together, beside the same recorded one by one."""

from datetime import datetime
from typing import Any

import pytest
from sqlalchemy import inspect, select

from pipeline.catalog.board_tables import ShootStateRow
from pipeline.catalog.database import Catalog
from pipeline.catalog.run_tables import RunRow, RunShootRow
from pipeline.catalog.runs.fates import BATCH, Entry, Made, record_entries, recording_entries
from pipeline.catalog.shoots import known_shoots, postponed_by, postponed_since, record_fate, record_planned, summary
from pipeline.catalog.tables import ShootRow

MADE = Made(listing_digest="l", edition="e")


def planned(sku: str, digest: str = "p") -> Entry:
    return Entry(sku=sku, fate="planned", collection="c", source="s", plan_digest=digest, takes_over=MADE)


NIGHTS = {
    "night 1": [planned("a"), planned("b"), planned("c"), Entry(sku="folder x", fate="refused", reason="no sku")],
    "night 1, at its end": [Entry(sku="a", fate="done"), Entry(sku="b", fate="held", reason="sfm: no poses")],
    "night 2": [
        Entry(sku="a", fate="unchanged"), Entry(sku="d", fate="postponed", reason="full", collection="c", source="s"),
        planned("b", "q"), Entry(sku="b", fate="failed", reason="no memory"), Entry(sku="a", fate="postponed"),
    ],
    "backfill": [
        Entry(sku="a", fate="planned", plan_digest="r", hands_over=MADE, own=False),
        Entry(sku="b", fate="postponed", reason="full", own=False),
    ],
    "backfill, at its end": [Entry(sku="a", fate="done")],
}  # fmt: skip


def rows(url: str) -> list[dict[str, Any]]:
    """Everything that was recorded, without times."""
    found = []
    with Catalog(url).read() as session:
        for kind in (ShootRow, RunRow, RunShootRow, ShootStateRow):
            names = [column.key for column in inspect(kind).columns]
            for row in session.scalars(select(kind)):
                values = {name: getattr(row, name) for name in names}
                found.append({name: value for name, value in values.items() if not isinstance(value, datetime)})
    return sorted(found, key=repr)


def test_entries_together_leave_what_they_leave_one_by_one(catalog_url: str) -> None:
    for run, entries in NIGHTS.items():
        record_entries(catalog_url, run.partition(",")[0], entries)
        for entry in entries:
            record_entries(catalog_url, f"alone {run.partition(',')[0]}", [_alone(entry)])
    both = rows(catalog_url)
    together = [row for row in both if not str(row).count("alone ")]
    alone = [_renamed(row) for row in both if str(row).count("alone ")]
    assert sorted(alone, key=repr) == together and len(together) > 15


def _alone(entry: Entry) -> Entry:
    """The same of another shoot."""
    return entry.model_copy(update={"sku": f"alone {entry.sku}"})


def _renamed(row: dict[str, Any]) -> dict[str, Any]:
    return {name: value.replace("alone ", "") if isinstance(value, str) else value for name, value in row.items()}


def test_the_functions_for_one_shoot_record_the_same_entries(catalog_url: str) -> None:
    record_planned(
        catalog_url, "night", sku="a", collection="c", source="s", listing_digest="l", plan_digest="p", edition="e"
    )
    record_fate(catalog_url, "night", "b", "refused", "no sku", collection="c", source="s")
    one_by_one = rows(catalog_url)
    record_entries(catalog_url, "night", [planned("a")])
    record_entries(catalog_url, "night", [Entry(sku="b", fate="refused", reason="no sku", collection="c", source="s")])
    assert rows(catalog_url) == one_by_one


def test_entries_are_recorded_while_they_come_and_when_an_error_ends_them(catalog_url: str) -> None:
    skus = [f"sku-{number:04}" for number in range(BATCH + 3)]
    with pytest.raises(RuntimeError, match="stopped"), recording_entries(catalog_url, "night") as entries:
        for sku in skus:
            entries.add(Entry(sku=sku, fate="refused", reason="no sku"))
            if sku == skus[BATCH]:
                assert len(known_shoots(catalog_url)) == BATCH
        raise RuntimeError("stopped")
    assert sorted(known_shoots(catalog_url)) == skus
    assert len(summary(catalog_url, "night").failed) == len(skus)


def test_a_postponed_shoot_keeps_its_last_run_and_waits_since_it_first_was(catalog_url: str) -> None:
    record_entries(catalog_url, "night 1", [planned("a"), Entry(sku="a", fate="done")])
    for run in ("night 2", "night 3"):
        record_entries(catalog_url, run, [Entry(sku="a", fate="postponed"), Entry(sku="b", fate="postponed")])
    known = known_shoots(catalog_url)
    assert (known["a"].fate, known["a"].last_run_id, known["b"].last_run_id) == ("postponed", "night 1", None)
    assert postponed_by(catalog_url, "night 2") == {"a", "b"} and postponed_by(catalog_url, "night 1") == set()
    with Catalog(catalog_url).read() as session:
        first = session.scalar(select(RunShootRow.at).where(RunShootRow.run_id == "night 2", RunShootRow.sku == "a"))
    assert postponed_since(catalog_url)["a"] == first
    record_entries(catalog_url, "night 4", [planned("a"), Entry(sku="a", fate="done")])
    assert set(postponed_since(catalog_url)) == {"b"}
    assert summary(catalog_url, "night 2").failed == []
