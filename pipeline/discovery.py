"""Find the shoots that a run must process, plan them, and decide each shoot's fate at the end."""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

from pipeline.catalog import shoots
from pipeline.catalog.backfills import record_run
from pipeline.catalog.database import Catalog
from pipeline.catalog.runs.fates import Entries, Entry, Fate, Made, recording_entries
from pipeline.contract.artifact import digest_of
from pipeline.contract.plan import Plan
from pipeline.contract.runner import is_final
from pipeline.contract.store import Store
from pipeline.core.domain import Frozen
from pipeline.core.errors import BadInput, MissingEngine
from pipeline.core.shoot_files import printable
from pipeline.editions import edition_of
from pipeline.finding import Listed, Product, Refusal, listing_digest, read_all
from pipeline.mirror import own_path
from pipeline.plan import STEPS, write_plan

SKU_CHARACTERS = 100
NOT_YET = datetime.max.replace(tzinfo=UTC)  # later than any shoot was postponed


class Planned(Frozen):
    """A shoot that this run processes, and why (`changed`)."""

    sku: str
    plan: str
    changed: str


class Refused(Frozen):
    """A folder whose shoot cannot be planned. `code`: the reason in `pipeline.core.reasons`; `reason`: the message."""

    source: str
    code: str
    reason: str


class Discovery(Frozen):
    """The shoots that a run processes, those that are unchanged, and those that a person must correct.

    `postponed`: left to the next run, because this one has as many shoots as it may.
    """

    plans: tuple[Planned, ...] = ()
    unchanged: tuple[str, ...] = ()
    refused: tuple[Refused, ...] = ()
    postponed: tuple[str, ...] = ()


class Share(Frozen):
    """Which of the shoots a run takes. `at_most`: None: all. `after`: only those that this run has postponed."""

    at_most: int | None = None
    after: str | None = None

    @property
    def why(self) -> str:
        """Why a shoot is postponed."""
        return f"one run takes at most {self.at_most} shoots"


ALL = Share()


class _Change(NamedTuple):
    """A shoot that must run. `why`: see `Planned.changed`."""

    folder: Path
    product: Product
    listed: str
    why: str


def discover(
    root: Path, store: Store, catalog_url: str, preset: str, run_id: str, *, runs_here: bool = True,
    fetched: Callable[[Path], AbstractContextManager[object]] = nullcontext,
    source: Callable[[Path], str] = own_path, share: Share = ALL, quick: bool = True,
) -> Discovery:  # fmt: skip
    """Plan the new and changed shoots below `root`, those first that were postponed longest ago.

    `runs_here`: see `write_plan`. `fetched`: within it, a folder's photos can be read; `source`: where it comes from
    (both as in `pipeline.mirror`). `quick`: do not read again what is known of unchanged files. A shoot that cannot be
    read is refused, and so are all shoots that share a sku, because the sku then does not identify a product; the
    catalog records both, and the other shoots are planned.
    """
    known = shoots.known_shoots(catalog_url)
    record_run(catalog_url, run_id)  # else the summary would not know a run without shoots
    readable, refusals = read_all(root, _products(known) if quick else None, source)
    if share.after is not None:  # this run goes on with that one, which has recorded all other shoots
        left = shoots.postponed_by(catalog_url, share.after)
        readable, refusals = {at: product for at, product in readable.items() if product.sku in left}, {}
    with recording_entries(catalog_url, run_id) as entries:
        run = _Run(root, source, share, entries)
        for folder, refusal in refusals.items():
            run.refuse(folder, refusal)
        passing = held_in_passing(shoots.held_steps(catalog_url), known, store)
        changes = run.changes(readable, known, passing)
        since = shoots.postponed_since(catalog_url)
        for change in sorted(changes, key=lambda change: since.get(change.product.sku, NOT_YET)):
            if run.is_full:
                run.postpone(change)
                continue
            with run.refusing(change.folder), fetched(change.folder):
                plan, digest = write_plan(change.folder, store, preset, runs_here=runs_here)
                run.take(change, plan, digest, preset)
    return run.discovery


class _Run:
    """What a discovery has found so far, and records."""

    def __init__(self, root: Path, source: Callable[[Path], str], share: Share, entries: Entries) -> None:
        self.root, self.source, self.share, self.entries = root, source, share, entries
        self.plans: list[Planned] = []
        self.unchanged: list[str] = []
        self.refused: list[Refused] = []
        self.postponed: list[str] = []
        self._edition = ""

    @property
    def is_full(self) -> bool:
        """Whether it has as many shoots as it may."""
        return self.share.at_most is not None and len(self.plans) >= self.share.at_most

    @property
    def discovery(self) -> Discovery:
        """What the discovery has found."""
        names = {name: tuple(getattr(self, name)) for name in Discovery.model_fields}
        return Discovery(**names)

    def changes(
        self, readable: Mapping[Path, Product], known: Mapping[str, shoots.ShootState], passing: Mapping[str, str]
    ) -> list[_Change]:
        """The shoots that must run; the others are unchanged or refused. `passing`: see `held_in_passing`."""
        changes = []
        for folder, product in readable.items():
            with self.refusing(folder):
                listed = product.listed or listing_digest(folder)
                if why := why_changed(known.get(product.sku), listed, passing):
                    changes.append(_Change(folder, product, listed, why))
                else:
                    self.unchanged.append(product.sku)
                    self.entries.add(Entry(sku=product.sku, fate="unchanged"))
        return changes

    @contextmanager
    def refusing(self, folder: Path) -> Iterator[None]:
        """Refuse the shoot if it turns out within that it cannot be planned."""
        try:
            yield
        except BadInput as error:
            self.refuse(folder, unplannable(error))

    def refuse(self, folder: Path, refusal: Refusal) -> None:
        """Leave out a folder."""
        self.refused.append(refuse(self.entries, self.root, folder, self.source(folder), refusal))

    def postpone(self, change: _Change) -> None:
        """Leave a shoot to the next run."""
        self.postponed.append(change.product.sku)
        sku, collection = change.product.sku, change.product.collection
        source, why = printable(self.source(change.folder)), self.share.why
        self.entries.add(Entry(sku=sku, collection=collection, source=source, fate="postponed", reason=why))

    def take(self, change: _Change, plan: Plan, digest: str, preset: str) -> None:
        """Process a shoot in this run."""
        self._edition = self._edition or edition_of(preset)
        self.plans.append(Planned(sku=plan.sku, plan=digest, changed=change.why))
        made = Made(listing_digest=change.listed, edition=self._edition)
        about = plan.model_dump(include={"sku", "collection", "source"})
        self.entries.add(Entry(**about, fate="planned", plan_digest=digest, takes_over=made))


def _products(known: Mapping[str, shoots.ShootState]) -> dict[Listed, Product]:
    """Of which product the files are that earlier runs have read."""
    return {
        Listed(state.source, state.listing_digest): Product(state.sku, state.collection)
        for state in known.values()
        if state.listing_digest is not None
    }


def why_changed(state: shoots.ShootState | None, listed: str, passing: Mapping[str, str]) -> str | None:
    """Say why a shoot must run again; None when nothing changed and its last run is final."""
    if state is None:
        return "new"
    if state.fate == "postponed":
        return f"postponed: {state.reason}"
    if state.listing_digest != listed:
        return "its photos or shoot.yaml changed"
    if shoots.is_changed(state, listed):
        return f"its last run: {state.fate}"
    step = passing.get(state.sku)
    return f"its last run: {step} was held for lack of time" if step else None


def held_in_passing(
    held: Mapping[str, Sequence[str]], known: Mapping[str, shoots.ShootState], store: Store
) -> dict[str, str]:
    """Of the shoots whose steps were held, those that were for lack of time, with the first such step.

    Only the manifests of held steps are read, and those of a bucket several at once.
    """

    def first(sku: str) -> str | None:
        plan = known[sku].plan_digest if sku in known else None
        for step in held[sku] if plan else ():
            pointer = store.pointer(str(plan), step)
            manifest = store.manifest(*pointer) if pointer else None
            if manifest and not is_final(manifest):
                return step
        return None

    found = zip(held, store.storage.each(first, held), strict=True)
    return {sku: step for sku, step in found if step is not None}


def conclude(catalog_url: str, run_id: str, only: Collection[str] | None = None) -> shoots.RunSummary:
    """Decide the fate of every shoot of a run, or of those in `only`, from the states of its steps, and record it."""
    with recording_entries(catalog_url, run_id) as entries:
        for shoot in shoots.summary(catalog_url, run_id).shoots:
            if only is not None and shoot.sku not in only:
                continue
            if shoot.fate == "planned" or shoot.steps:  # a fate decided while the run goes on is decided again
                fate, reason = fate_of(shoot)
                if (fate, reason) != (shoot.fate, shoot.reason):
                    entries.add(Entry(sku=shoot.sku, fate=fate, reason=reason))
    if only is None:
        Catalog(catalog_url).take_statistics()
    return shoots.summary(catalog_url, run_id)


def fate_of(shoot: shoots.ShootSummary) -> tuple[Fate, str]:
    """How a shoot has ended, by the states of its steps, and why."""
    for state in ("refused", "failed"):
        for step in shoot.steps:
            if step.state == state:
                return ("refused" if state == "refused" else "failed"), f"{step.step}: {step.reason}"
    missing = missing_step(shoot)
    if missing is not None:
        return "failed", f"{missing} did not finish"
    held = [step for step in shoot.steps if step.state == "held"]
    return ("held", f"{held[0].step}: {held[0].reason}") if held else ("done", "")


def missing_step(shoot: shoots.ShootSummary) -> str | None:
    """The first step of a shoot that has not ended yet; None when none is to be waited for."""
    states = {step.step: step.state for step in shoot.steps}
    if not {"refused", "failed"}.isdisjoint(states.values()):
        return None
    return next((step for step in STEPS if step not in states), None)


def unplannable(error: BadInput) -> Refusal:
    """Why a shoot whose files can be read cannot be planned."""
    missing = isinstance(error, MissingEngine)
    return Refusal(code="shoot-engine-missing" if missing else "shoot-not-plannable", message=str(error))


def refuse(entries: Entries, root: Path, folder: Path, source: str, refusal: Refusal) -> Refused:
    """Record a refused folder under its own name, because its sku is unknown or belongs to another shoot too."""
    name = f"folder {printable(str(folder.relative_to(root)))}"
    if len(name) > SKU_CHARACTERS:
        name = f"{name[:80]}... {digest_of(name.encode())[:12]}"
    entries.add(Entry(sku=name, fate="refused", reason=refusal.message, source=printable(source)))
    return Refused(source=printable(str(folder)), code=refusal.code, reason=refusal.message)
