"""Records how shoots stand in a run, many in one transaction: a night has as many rows as there are shoots."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Literal

from sqlalchemy import select
from sqlalchemy.orm import Session

from pipeline.catalog.among import among
from pipeline.catalog.database import Catalog
from pipeline.catalog.run_tables import RunRow, RunShootRow
from pipeline.catalog.runs.totals import count_fates
from pipeline.catalog.states import refresh_states
from pipeline.catalog.tables import ShootRow
from pipeline.core.domain import Frozen

Fate = Literal["planned", "unchanged", "done", "held", "failed", "refused", "postponed"]
BATCH = 500  # entries of one transaction: a second, for which other writers wait


class Made(Frozen):
    """What a plan was made from. `edition`: of `pipeline.editions`; None: not known."""

    listing_digest: str
    edition: str | None = None


class Entry(Frozen):
    """How a shoot stands in a run. `unchanged` is recorded for the run and does not change the shoot's own fate.

    `collection`, `source`: for a shoot that the catalog does not have yet. `plan_digest`: of the run's plan; None: as
    the run has recorded it. `takes_over`: what the shoot itself takes over with the plan now; `hands_over`: what it
    takes over when its fate in a backfill is known. `own`: whether the shoot's own fate changes, too.
    """

    sku: str
    fate: Fate
    reason: str = ""
    collection: str = ""
    source: str = ""
    plan_digest: str | None = None
    takes_over: Made | None = None
    hands_over: Made | None = None
    own: bool = True


class Entries:
    """Entries that are recorded together: by `BATCH` while they come, and the rest at the end."""

    def __init__(self, url: str, run_id: str) -> None:
        self.url, self.run_id = url, run_id
        self._pending: list[Entry] = []

    def add(self, entry: Entry) -> None:
        """Record an entry with the next batch."""
        self._pending.append(entry)
        if len(self._pending) >= BATCH:
            self.flush()

    def flush(self) -> None:
        """Record the entries that are still pending."""
        pending, self._pending = self._pending, []
        if pending:
            record_entries(self.url, self.run_id, pending)


@contextmanager
def recording_entries(url: str, run_id: str) -> Iterator[Entries]:
    """Within it, entries are recorded in batches; what was added is recorded also if an error ends it."""
    entries = Entries(url, run_id)
    try:
        yield entries
    finally:
        entries.flush()


def record_entries(url: str, run_id: str, entries: Sequence[Entry], started_at: datetime | None = None) -> None:
    """Record how shoots stand in a run, in one transaction. `started_at`: when the run began, if it is new."""
    with Catalog(url).write() as session:
        write_entries(session, run_row(session, run_id, started_at), entries)


def write_entries(session: Session, run: RunRow, entries: Sequence[Entry]) -> None:
    """The same in a transaction of the caller, with the sums of the run and of the shoots' states."""
    skus = list(dict.fromkeys(entry.sku for entry in entries))
    shoots = {row.sku: row for row in session.scalars(select(ShootRow).where(among(ShootRow.sku, skus)))}
    query = select(RunShootRow).where(RunShootRow.run_id == run.run_id, among(RunShootRow.sku, skus))
    rows = {row.sku: row for row in session.scalars(query)}
    before = {sku: shoot.fate for sku, shoot in shoots.items()}
    for entry in entries:
        if entry.sku not in shoots:
            shoots[entry.sku] = new_shoot(entry.sku, entry.collection, entry.source)
            session.add(shoots[entry.sku])
    session.flush()  # the rows of a run refer to those of its shoots
    known = [row.fate for row in rows.values()]
    for entry in entries:
        rows[entry.sku] = _write(session, run.run_id, shoots[entry.sku], rows.get(entry.sku), entry)
    count_fates(run, known, (row.fate for row in rows.values()))
    changed = [sku for sku, shoot in shoots.items() if before.get(sku) != shoot.fate]
    if changed:
        refresh_states(session, *changed)


def _write(session: Session, run_id: str, shoot: ShootRow, old: RunShootRow | None, entry: Entry) -> RunShootRow:
    """Write one entry, and what the shoot itself takes over of it."""
    now = datetime.now(UTC)
    if entry.takes_over is not None:
        shoot.collection, shoot.source, shoot.plan_digest = entry.collection, entry.source, entry.plan_digest
        shoot.listing_digest, shoot.edition = entry.takes_over.listing_digest, entry.takes_over.edition
    digest = entry.plan_digest or (shoot.plan_digest if old is None else old.plan_digest)
    if old is not None and old.edition is not None and entry.hands_over is None:  # a backfill, which now has ended
        shoot.plan_digest, shoot.listing_digest, shoot.edition = digest, old.listing_digest, old.edition
        old.edition = None
    if entry.own and entry.fate != "unchanged" and digest == shoot.plan_digest:
        shoot.fate, shoot.reason = entry.fate, entry.reason
        if entry.fate != "postponed":  # it has not run
            shoot.last_run_id, shoot.last_run_at = run_id, now
    if old is None:
        old = RunShootRow(run_id=run_id, sku=shoot.sku)
        session.add(old)
    if entry.hands_over is not None:
        old.listing_digest, old.edition = entry.hands_over.listing_digest, entry.hands_over.edition
    old.plan_digest, old.fate, old.reason, old.at = digest, entry.fate, entry.reason, now
    return old


def new_shoot(sku: str, collection: str, source: str) -> ShootRow:
    """The row of a shoot that the catalog does not have yet."""
    return ShootRow(sku=sku, collection=collection, source=source, attributes={}, fate="planned", reason="")


def run_row(session: Session, run_id: str, started_at: datetime | None = None) -> RunRow:
    """The row of a run, which is added if it is new."""
    row = session.get(RunRow, run_id)
    if row is None:
        row = RunRow(run_id=run_id, started_at=started_at or datetime.now(UTC))
        session.add(row)
        session.flush()
    return row
