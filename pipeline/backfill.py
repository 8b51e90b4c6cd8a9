"""Plan a backfill: of one collection, the shoots with cells that a run would make, and what that will take."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import nullcontext
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Literal, NamedTuple

from pydantic import Field

from pipeline.catalog import shoots
from pipeline.catalog.backfills import backfilled, last_steps, record_run
from pipeline.catalog.runs.fates import Entry, recording_entries
from pipeline.cells import STATES, Cell, CellState, cells_of, parse_steps, with_upstream
from pipeline.contract.plan import Plan
from pipeline.contract.runner import Runner
from pipeline.contract.store import Store
from pipeline.core.domain import Frozen
from pipeline.core.errors import NOT_PLANNED, BadInput
from pipeline.core.media import JSON
from pipeline.core.shoot_files import printable
from pipeline.discovery import ALL, Planned, Refused, Share, refuse, unplannable
from pipeline.editions import edition_of
from pipeline.estimate import Estimate, Estimator
from pipeline.finding import Product, Refusal, listing_digest, read_all
from pipeline.mirror import ShootsFolder, Waiting
from pipeline.plan import STEPS, StoredFiles, files_of, read_plan, write_plan

NEVER = datetime.min.replace(tzinfo=UTC)
Only = Literal["any", "missing", "failed", "held", "outdated"]


class Wanted(Frozen):
    """Which cells of a collection a backfill makes. `steps`: a range as in `parse_steps`.

    `since`: only shoots whose last run was on this day (UTC) or later, and those that have never run.
    """

    collection: str
    steps: str = ".."
    only: Only = "any"
    since: date | None = None

    def picks(self, cells: tuple[Cell, ...], last_run_at: datetime | None) -> bool:
        """Whether a backfill runs a shoot with these cells."""
        if self.since and last_run_at and last_run_at.astimezone(UTC).date() < self.since:
            return False
        steps = parse_steps(self.steps)
        return any(cell.runs and cell.step in steps and self.only in {"any", cell.state} for cell in cells)


class BackfillShoot(Frozen):
    """One row of the matrix. `plan`: digest of the plan that would run; None: the shoot is not picked, or `postponed`.

    `postponed`: picked, but left to the next run.
    """

    sku: str
    cells: tuple[Cell, ...]
    plan: str | None
    postponed: bool = False


class Backfill(Frozen):
    """A planned backfill: the matrix, how many cells are in each state, and what the picked shoots will take."""

    shoots: tuple[BackfillShoot, ...]
    refused: tuple[Refused, ...]
    waiting: tuple[Waiting, ...] = Field(description="shoots of any collection that are still being uploaded")
    counts: dict[CellState, int] = Field(description="cells by state, of all shoots of the collection")
    to_run: int = Field(description="cells that the backfill computes, those above them included")
    estimate: Estimate

    @property
    def plans(self) -> tuple[Planned, ...]:
        """The shoots that the backfill runs."""
        return tuple(Planned(sku=row.sku, plan=row.plan, changed="backfill") for row in self.shoots if row.plan)

    @property
    def postponed(self) -> tuple[str, ...]:
        """The shoots that it leaves to the next run."""
        return tuple(row.sku for row in self.shoots if row.postponed)


class _Row(NamedTuple):
    shoot: BackfillShoot
    plan: Plan
    listing: str
    last_run_at: datetime


def plan_backfill(
    wanted: Wanted, place: ShootsFolder, runner: Runner, catalog_url: str, preset: str, *, run_id: str | None = None,
    dry_run: bool = False, runs_here: bool = True, share: Share = ALL,
) -> Backfill:  # fmt: skip
    """Plan the shoots of a collection in `place` that have cells to make, and record them under `run_id`, if given.

    Photos are read only where the store does not have them from the shoot's last plan. `dry_run`: record none as
    planned. `runs_here`: see `write_plan`. With a `share`, those come first that ran longest ago. Raises BadInput for
    an unknown collection, step or preset, and CatalogError if a bucket cannot be read.
    """
    steps = parse_steps(wanted.steps)
    edition = edition_of(preset)
    readable, refusals = read_all(place.path)
    chosen = _of_collection(readable, wanted.collection, place)
    if share.after is not None:  # this run goes on with that one, which has recorded all other shoots
        left = shoots.postponed_by(catalog_url, share.after)
        chosen, refusals = {at: product for at, product in chosen.items() if product.sku in left}, {}
    planner = _Planner(place, runner, catalog_url, preset, edition, runs_here)
    last = last_steps(catalog_url, [product.sku for product in chosen.values()])
    rows: list[_Row] = []
    for folder, product in chosen.items():
        try:
            rows.append(planner.row(folder, product.sku, last[product.sku], wanted))
        except BadInput as error:
            refusals[folder] = unplannable(error)
    rows = _within(rows, share)
    if run_id is not None:
        record_run(catalog_url, run_id)
        with recording_entries(catalog_url, run_id) as entries:
            for folder, why in refusals.items():
                refuse(entries, place.path, folder, place.source(folder), why)
            for row in rows:
                entries.add(_entry(row, edition, share, dry_run=dry_run))
        for row in rows if not dry_run else ():
            _record_steps_left_out(catalog_url, run_id, row)
    return _summed(runner, [row.shoot for row in rows], refusals, place.waiting, steps)


class _Planner:
    """Makes rows of the matrix."""

    def __init__(
        self, place: ShootsFolder, runner: Runner, catalog_url: str, preset: str, edition: str, runs_here: bool
    ) -> None:
        self.place, self.runner, self.preset, self.edition = place, runner, preset, edition
        self.runs_here, self.known = runs_here, shoots.known_shoots(catalog_url)

    def row(self, folder: Path, sku: str, last: Mapping[str, shoots.StepFate], wanted: Wanted) -> _Row:
        """Plan one shoot, whose steps ended like this the last time. Raises BadInput."""
        store, state, listing = self.runner.store, self.known.get(sku), listing_digest(folder)
        stored = _files_as_before(store, state, listing)
        with nullcontext() if stored else self.place.fetched(folder):
            plan, digest = write_plan(folder, store, self.preset, runs_here=self.runs_here, stored=stored)
        cells = cells_of(self.runner, plan, digest, state, last, self.edition)
        last_run_at = state.last_run_at if state else None
        picked = wanted.picks(cells, last_run_at)
        plan, digest = _cut(self.runner, plan, digest, parse_steps(wanted.steps))
        shoot = BackfillShoot(sku=sku, cells=cells, plan=digest if picked else None)
        return _Row(shoot, plan, listing, last_run_at or NEVER)


def _files_as_before(store: Store, known: shoots.ShootState | None, listing: str) -> StoredFiles | None:
    """The files of the shoot's last plan, unless they changed since: gigabytes of photos are not stored again."""
    if known is None or known.plan_digest is None or known.listing_digest != listing:
        return None
    try:
        return files_of(read_plan(store, known.plan_digest))
    except BadInput:  # of another version, or no longer there
        return None


def _of_collection(readable: Mapping[Path, Product], collection: str, place: ShootsFolder) -> dict[Path, Product]:
    chosen = {folder: shoot for folder, shoot in readable.items() if shoot.collection == collection}
    if not chosen:
        known = sorted({shoot.collection for shoot in readable.values()})
        listed = ", ".join(known[:5]) + (f" and {len(known) - 5} more" if len(known) > 5 else "") or "none"
        raise BadInput(
            f"no shoot of the collection {collection!r} below {place.source(place.path)}{_and_waiting(place.waiting)}",
            remedy=f"Use a collection that a shoot.yaml there names ({listed}), or set CATALOG_SHOOTS",
        )
    return chosen


def _and_waiting(waiting: Sequence[Waiting]) -> str:
    return f" ({len(waiting)} are still being uploaded)" if waiting else ""


def _cut(runner: Runner, plan: Plan, digest: str, steps: tuple[str, ...]) -> tuple[Plan, str]:
    """The plan with these steps and those above them only, and its digest."""
    needed = with_upstream(steps)
    if len(needed) == len(STEPS):
        return plan, digest
    part = plan.model_copy(update={"steps": {step: plan.steps[step] for step in needed}})
    return part, runner.store.put(part.model_dump_json().encode(), JSON).sha256


def _within(rows: list[_Row], share: Share) -> list[_Row]:
    """The rows, of which only as many run as a run may take."""
    picked = sorted((row for row in rows if row.shoot.plan), key=lambda row: row.last_run_at)
    over = {row.plan.sku for row in picked[share.at_most :]} if share.at_most is not None else set()
    return [
        row._replace(shoot=row.shoot.model_copy(update={"plan": None, "postponed": True}))
        if row.plan.sku in over
        else row
        for row in rows
    ]


def _entry(row: _Row, edition: str, share: Share, *, dry_run: bool) -> Entry:
    """What a backfill records of a shoot."""
    about = row.plan.model_dump(include={"sku", "collection", "source"})
    if row.shoot.postponed and not dry_run:
        return Entry(**about, fate="postponed", reason=share.why, own=False)
    if row.shoot.plan is None or dry_run:
        return Entry(**about, fate="unchanged")
    whole = len(row.plan.steps) == len(STEPS)
    digest, now = row.shoot.plan, edition if whole else None
    return backfilled(**about, listing_digest=row.listing, plan_digest=digest, edition=now)


def _record_steps_left_out(url: str, run_id: str, row: _Row) -> None:
    for step in STEPS if row.shoot.plan else ():
        if step not in row.plan.steps:
            fate = shoots.StepFate(step=step, state="not run", reason=NOT_PLANNED)
            shoots.record_step(url, run_id, row.plan.sku, fate, collection=row.plan.collection)


def _summed(
    runner: Runner, rows: list[BackfillShoot], refusals: Mapping[Path, Refusal], waiting: Sequence[Waiting],
    steps: tuple[str, ...],
) -> Backfill:  # fmt: skip
    needed = with_upstream(steps)
    to_run = list(_to_run(rows, needed))
    counts: dict[CellState, int] = dict.fromkeys(STATES, 0)
    for row in rows:
        for cell in row.cells:
            counts[cell.state] += 1
    return Backfill(
        shoots=tuple(rows),
        refused=tuple(
            Refused(source=printable(str(folder)), code=why.code, reason=why.message)
            for folder, why in refusals.items()
        ),
        waiting=tuple(waiting),
        counts=counts,
        to_run=len(to_run),
        estimate=Estimator(runner.store).estimate(to_run),
    )


def _to_run(rows: list[BackfillShoot], needed: tuple[str, ...]) -> Iterator[str]:
    """The step of every cell that the picked shoots compute."""
    for row in rows:
        if row.plan is not None:
            yield from (cell.step for cell in row.cells if cell.runs and cell.step in needed)
