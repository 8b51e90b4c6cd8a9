"""Run bookkeeping for discovery and the summary: the state of each shoot, and how it ended in each run."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from pipeline.catalog.database import Catalog
from pipeline.catalog.rows import record_of
from pipeline.catalog.run_tables import RunRow, RunShootRow, RunStepRow
from pipeline.catalog.runs.fates import Entry, Fate, Made, new_shoot, record_entries, run_row
from pipeline.catalog.runs.totals import count_fates, write_step
from pipeline.catalog.tables import AssetRow, ShootRow
from pipeline.core.domain import Frozen
from pipeline.core.errors import BadInput

FAILED = frozenset({"planned", "failed", "refused"})  # a run that never ended counts as failed
UNFINISHED = FAILED | {"postponed"}  # what the next run does again


class ShootState(Frozen):
    """What the catalog records about a shoot."""

    sku: str
    collection: str
    source: str
    listing_digest: str | None
    plan_digest: str | None
    edition: str | None
    fate: str
    reason: str
    last_run_id: str | None
    last_run_at: datetime | None


class StepFate(Frozen):
    """How one step of one shoot ended in one run, and what that cost; see `RunStepRow`.

    `picture_sha256`: of the PNG that shows why it is held.
    """

    step: str
    state: str
    seconds: float = 0.0
    reason: str = ""
    picture_sha256: str | None = None
    code: str | None = None
    step_key: str | None = None
    cost_usd: float = 0.0
    computed: int = 0
    reused: int = 0
    published: int = 0


class ShootSummary(Frozen):
    """How one shoot ended in one run. `assets`: the number of its current assets per state, as of now."""

    sku: str
    collection: str
    fate: str
    reason: str
    plan_digest: str | None
    steps: tuple[StepFate, ...]
    assets: dict[str, int]


class HeldShoot(Frozen):
    """A shoot whose last run was held: why, and the PNG of each step that shows it, by step."""

    sku: str
    collection: str
    reason: str
    pictures: dict[str, str]


class RunSummary(Frozen):
    """How every shoot ended in one run, sorted by sku."""

    run_id: str
    started_at: datetime
    shoots: tuple[ShootSummary, ...]

    @property
    def failed(self) -> list[str]:
        """The shoots that make the run fail: failed, refused, or never ended."""
        return [shoot.sku for shoot in self.shoots if shoot.fate in FAILED]


def known_shoots(url: str) -> dict[str, ShootState]:
    """Every shoot in the catalog, by sku."""
    with Catalog(url).read() as session:
        columns = [getattr(ShootRow, name) for name in ShootState.model_fields]
        rows = session.execute(select(*columns).order_by(ShootRow.sku))
        return {row.sku: record_of(ShootState, row) for row in rows}


def held_steps(url: str) -> dict[str, list[str]]:
    """Of each shoot whose last run was held, the steps that were, in the order in which they ended."""
    query = (
        select(ShootRow.sku, RunStepRow.step)
        .join(RunStepRow, (RunStepRow.sku == ShootRow.sku) & (RunStepRow.run_id == ShootRow.last_run_id))
        .where(ShootRow.fate == "held", RunStepRow.state == "held")
        .order_by(ShootRow.sku, RunStepRow.at)
    )
    steps: dict[str, list[str]] = defaultdict(list)
    with Catalog(url).read() as session:
        for sku, step in session.execute(query):
            steps[sku].append(step)
    return steps


def postponed_by(url: str, run_id: str) -> set[str]:
    """The shoots that a run has postponed."""
    query = select(RunShootRow.sku).where(RunShootRow.run_id == run_id, RunShootRow.fate == "postponed")
    with Catalog(url).read() as session:
        return set(session.scalars(query))


def postponed_since(url: str) -> dict[str, datetime]:
    """When each shoot that is postponed now first was, since its last run."""
    query = (
        select(RunShootRow.sku, func.min(RunShootRow.at).label("since"))
        .join(ShootRow, ShootRow.sku == RunShootRow.sku)
        .where(ShootRow.fate == "postponed", RunShootRow.fate == "postponed")
        .where((RunShootRow.at > ShootRow.last_run_at) | ShootRow.last_run_at.is_(None))
        .group_by(RunShootRow.sku)
    )
    with Catalog(url).read() as session:
        return {row.sku: row.since for row in session.execute(query)}


def is_changed(known: ShootState | None, listing_digest: str) -> bool:
    """Whether a shoot must run: it is new, its files changed, or its last run failed or never ended."""
    return known is None or known.listing_digest != listing_digest or known.fate in UNFINISHED


def record_planned(
    url: str,
    run_id: str,
    *,
    sku: str,
    collection: str,
    source: str,
    listing_digest: str,
    plan_digest: str,
    edition: str | None = None,
    started_at: datetime | None = None,
) -> None:
    """Record that a run planned a shoot. Until a fate is recorded, the shoot counts as unfinished.

    `edition`: of `pipeline.editions`; None: not known. `started_at`: when the run began, if it is recorded only now.
    """
    made = Made(listing_digest=listing_digest, edition=edition)
    entry = Entry(
        sku=sku, fate="planned", collection=collection, source=source, plan_digest=plan_digest, takes_over=made
    )
    record_entries(url, run_id, [entry], started_at)


def record_requested(url: str, run_id: str, *, sku: str, collection: str, source: str, plan_digest: str) -> None:
    """Record that a run was made for a brief. The shoot's own state stays, so that the next night sees it as before."""
    entry = Entry(sku=sku, fate="planned", collection=collection, source=source, plan_digest=plan_digest)
    record_entries(url, run_id, [entry])


def record_fate(
    url: str, run_id: str, sku: str, fate: Fate, reason: str = "", *, collection: str = "", source: str = ""
) -> None:
    """Record how a shoot ended in a run. `unchanged` is recorded for the run and does not change the shoot's own fate.

    `collection` and `source` are for a shoot that could not be planned because its shoot.yaml is invalid.
    """
    record_entries(url, run_id, [Entry(sku=sku, fate=fate, reason=reason, collection=collection, source=source)])


def record_request_failed(url: str, run_id: str, sku: str, reason: str) -> None:
    """Record that what a brief asked for failed, unless the run itself has recorded how it ended.

    The shoot's own state stays. `sku`: of a shoot that the catalog has.
    """
    now = datetime.now(UTC)
    with Catalog(url).write() as session:
        run = run_row(session, run_id)
        entry = session.get(RunShootRow, (run_id, sku))
        if entry is None or entry.fate == "planned":
            count_fates(run, [entry.fate] if entry else [], ["failed"])
            digest = entry.plan_digest if entry else None
            session.merge(RunShootRow(run_id=run_id, sku=sku, plan_digest=digest, fate="failed", reason=reason, at=now))


def record_step(url: str, run_id: str, sku: str, fate: StepFate, *, collection: str = "") -> None:
    """Record how a step ended in a run; a later call for the same step replaces the earlier one."""
    with Catalog(url).write() as session:
        shoot_row(session, sku, collection, "")
        run = run_row(session, run_id)
        write_step(session, run, RunStepRow(run_id=run_id, sku=sku, at=datetime.now(UTC), **fate.model_dump()))


def held_shoots(catalog: Catalog, *, sku: str | None = None, collection: str | None = None) -> list[HeldShoot]:
    """The shoots whose last run was held, sorted by sku, optionally of one product or collection."""
    query = select(ShootRow).where(ShootRow.fate == "held").order_by(ShootRow.sku)
    query = query if sku is None else query.where(ShootRow.sku == sku)
    query = query if collection is None else query.where(ShootRow.collection == collection)
    with catalog.read() as session:
        return [
            HeldShoot(
                sku=shoot.sku, collection=shoot.collection, reason=shoot.reason, pictures=_pictures(session, shoot)
            )
            for shoot in session.scalars(query)
        ]


def _pictures(session: Session, shoot: ShootRow) -> dict[str, str]:
    query = select(RunStepRow.step, RunStepRow.picture_sha256).where(
        RunStepRow.run_id == shoot.last_run_id,
        RunStepRow.sku == shoot.sku,
        RunStepRow.picture_sha256.is_not(None),
    )
    return {step: picture for step, picture in session.execute(query.order_by(RunStepRow.at)) if picture}


def summary(url: str, run_id: str) -> RunSummary:
    """How every shoot ended in a run. Raises BadInput for an unknown run."""
    with Catalog(url).read() as session:
        run = session.get(RunRow, run_id)
        if run is None:
            latest = session.scalars(select(RunRow.run_id).order_by(RunRow.started_at.desc()).limit(3))
            known = ", ".join(latest) or "none yet"
            raise BadInput(
                f"the catalog has no run {run_id!r}", remedy=f"Give the id of a run that has started; latest: {known}"
            )
        steps, assets = _steps_of(session, run_id), _assets_of(session, run_id)
        query = select(RunShootRow, ShootRow.collection).join(ShootRow, ShootRow.sku == RunShootRow.sku)
        entries = session.execute(query.where(RunShootRow.run_id == run_id).order_by(RunShootRow.sku))
        shoots = [
            _summary(entry, collection, steps.get(entry.sku, ()), assets.get(entry.sku, {}))
            for entry, collection in entries
        ]
        return RunSummary(run_id=run_id, started_at=run.started_at, shoots=tuple(shoots))


def _steps_of(session: Session, run_id: str) -> dict[str, list[StepFate]]:
    """The steps of every shoot of a run, in the order in which they ended."""
    columns = [getattr(RunStepRow, name) for name in StepFate.model_fields]
    query = select(RunStepRow.sku, *columns).where(RunStepRow.run_id == run_id)
    steps = defaultdict(list)
    for row in session.execute(query.order_by(RunStepRow.at, RunStepRow.step)):
        steps[row.sku].append(record_of(StepFate, row))
    return steps


def _assets_of(session: Session, run_id: str) -> dict[str, dict[str, int]]:
    """The number of current assets by state, for every shoot of a run that has any."""
    query = (
        select(AssetRow.sku, AssetRow.state, func.count())
        .join(RunShootRow, RunShootRow.sku == AssetRow.sku)
        .where(RunShootRow.run_id == run_id, AssetRow.current)
        .group_by(AssetRow.sku, AssetRow.state)
        .order_by(AssetRow.sku, AssetRow.state)
    )
    counts: dict[str, dict[str, int]] = defaultdict(dict)
    for sku, state, count in session.execute(query):
        counts[sku][state] = count
    return counts


def _summary(entry: RunShootRow, collection: str, steps: Sequence[StepFate], assets: Mapping[str, int]) -> ShootSummary:
    return ShootSummary(
        sku=entry.sku,
        collection=collection,
        fate=entry.fate,
        reason=entry.reason,
        plan_digest=entry.plan_digest,
        steps=tuple(steps),
        assets=dict(assets),
    )


def shoot_row(session: Session, sku: str, collection: str, source: str) -> ShootRow:
    """The row of a shoot, which is added if it is new."""
    row = session.get(ShootRow, sku)
    if row is None:
        row = new_shoot(sku, collection, source)
        session.add(row)
        session.flush()
    return row
