"""What discovery and the summary need: the state of each shoot, and what became of it in each run."""

from datetime import UTC, datetime
from typing import Literal

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from pipeline.catalog.database import Catalog
from pipeline.catalog.tables import AssetRow, RunRow, RunShootRow, RunStepRow, ShootRow
from pipeline.core.domain import Frozen
from pipeline.core.errors import BadInput

Fate = Literal["planned", "unchanged", "done", "held", "failed", "bad input"]
AGAIN = frozenset({"planned", "failed", "bad input"})  # a run that never ended is one that failed


class ShootState(Frozen):
    """What the catalog remembers of a shoot."""

    sku: str
    collection: str
    source: str
    listing_digest: str | None
    plan_digest: str | None
    fate: str
    reason: str
    last_run_id: str | None
    last_run_at: datetime | None


class StepFate(Frozen):
    """How one step of one shoot ended in one run."""

    step: str
    state: str
    seconds: float
    reason: str


class ShootSummary(Frozen):
    """What became of one shoot in one run; `assets` counts its current assets by state, as the catalog has them now."""

    sku: str
    collection: str
    fate: str
    reason: str
    plan_digest: str | None
    steps: tuple[StepFate, ...]
    assets: dict[str, int]


class RunSummary(Frozen):
    """What became of every shoot in one run, sorted by sku."""

    run_id: str
    started_at: datetime
    shoots: tuple[ShootSummary, ...]

    @property
    def failed(self) -> list[str]:
        """Shoots because of which the run must not be green: failed, of bad input, or never ended."""
        return [shoot.sku for shoot in self.shoots if shoot.fate in AGAIN]


def known_shoots(url: str) -> dict[str, ShootState]:
    """Every shoot that the catalog knows, by sku."""
    with Catalog(url).read() as session:
        rows = session.scalars(select(ShootRow).order_by(ShootRow.sku))
        return {row.sku: ShootState(**{name: getattr(row, name) for name in ShootState.model_fields}) for row in rows}


def is_changed(known: ShootState | None, listing_digest: str) -> bool:
    """Whether tonight must run a shoot: new, its files changed, or its last run failed or never ended."""
    return known is None or known.listing_digest != listing_digest or known.fate in AGAIN


def record_planned(
    url: str, run_id: str, *, sku: str, collection: str, source: str, listing_digest: str, plan_digest: str
) -> None:
    """Remember that a run took a shoot on. Until a fate is recorded, the shoot counts as unfinished."""
    with Catalog(url).write() as session:
        shoot = _shoot(session, sku, collection, source)
        shoot.collection, shoot.source = collection, source
        shoot.listing_digest, shoot.plan_digest = listing_digest, plan_digest
        _enter(session, run_id, shoot, "planned", "")


def record_fate(
    url: str, run_id: str, sku: str, fate: Fate, reason: str = "", *, collection: str = "", source: str = ""
) -> None:
    """Remember how a shoot ended in a run. `unchanged` is noted for the run and leaves the shoot's own fate as it was.

    `collection` and `source` are for a shoot that was never planned, because its shoot.yaml could not be read.
    """
    with Catalog(url).write() as session:
        _enter(session, run_id, _shoot(session, sku, collection, source), fate, reason)


def record_step(
    url: str,
    run_id: str,
    sku: str,
    step: str,
    state: str,
    *,
    seconds: float = 0.0,
    reason: str = "",
    collection: str = "",
) -> None:
    """Remember how a step ended in a run; a later call for the same step replaces it."""
    with Catalog(url).write() as session:
        _shoot(session, sku, collection, "")
        _run(session, run_id)
        row = RunStepRow(
            run_id=run_id, sku=sku, step=step, state=state, seconds=seconds, reason=reason, at=datetime.now(UTC)
        )
        session.merge(row)


def summary(url: str, run_id: str) -> RunSummary:
    """What became of every shoot in a run. Raises BadInput when the catalog knows no such run."""
    with Catalog(url).read() as session:
        run = session.get(RunRow, run_id)
        if run is None:
            last = session.scalars(select(RunRow.run_id).order_by(RunRow.started_at.desc()).limit(3))
            words = ", ".join(last) or "none yet"
            raise BadInput(
                f"the catalog knows no run {run_id!r}", remedy=f"name one that has started; the last: {words}"
            )
        query = (
            select(RunShootRow, ShootRow)
            .join(ShootRow, ShootRow.sku == RunShootRow.sku)
            .where(RunShootRow.run_id == run_id)
            .order_by(RunShootRow.sku)
        )
        shoots = [_summary(session, entry, shoot) for entry, shoot in session.execute(query)]
        return RunSummary(run_id=run_id, started_at=run.started_at, shoots=tuple(shoots))


def _summary(session: Session, entry: RunShootRow, shoot: ShootRow) -> ShootSummary:
    steps = session.scalars(
        select(RunStepRow)
        .where(RunStepRow.run_id == entry.run_id, RunStepRow.sku == entry.sku)
        .order_by(RunStepRow.at, RunStepRow.step)
    )
    counts = session.execute(
        select(AssetRow.state, func.count())
        .where(AssetRow.sku == entry.sku, AssetRow.current)
        .group_by(AssetRow.state)
        .order_by(AssetRow.state)
    )
    return ShootSummary(
        sku=entry.sku,
        collection=shoot.collection,
        fate=entry.fate,
        reason=entry.reason,
        plan_digest=entry.plan_digest,
        steps=tuple(StepFate(step=s.step, state=s.state, seconds=s.seconds, reason=s.reason) for s in steps),
        assets=dict(counts.all()),
    )


def _shoot(session: Session, sku: str, collection: str, source: str) -> ShootRow:
    row = session.get(ShootRow, sku)
    if row is None:
        row = ShootRow(sku=sku, collection=collection, source=source, attributes={}, fate="planned", reason="")
        session.add(row)
        session.flush()
    return row


def _run(session: Session, run_id: str) -> None:
    if session.get(RunRow, run_id) is None:
        session.add(RunRow(run_id=run_id, started_at=datetime.now(UTC)))
        session.flush()


def _enter(session: Session, run_id: str, shoot: ShootRow, fate: Fate, reason: str) -> None:
    now = datetime.now(UTC)
    _run(session, run_id)
    if fate != "unchanged":
        shoot.fate, shoot.reason, shoot.last_run_id, shoot.last_run_at = fate, reason, run_id, now
    session.merge(
        RunShootRow(run_id=run_id, sku=shoot.sku, plan_digest=shoot.plan_digest, fate=fate, reason=reason, at=now)
    )
