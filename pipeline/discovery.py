"""Finds the shoots that tonight's run has to do, plans them, and says at the end what became of each."""

import os
from collections.abc import Iterator
from pathlib import Path

from pipeline.catalog import shoots
from pipeline.contract.artifact import canonical_json, digest_of
from pipeline.contract.runner import is_final
from pipeline.contract.store import Store
from pipeline.core.domain import Frozen
from pipeline.core.errors import BadInput, MissingEngine
from pipeline.plan import STEPS, write_plan
from pipeline.shoot import Shoot, listing, read_shoot

MAX_DEPTH = 4
SKU_CHARACTERS = 100


class Planned(Frozen):
    """A shoot that this run does, and why."""

    sku: str
    plan: str
    changed: str


class Refused(Frozen):
    """A folder whose shoot cannot be planned, and why. `code`: the reason in `pipeline.core.reasons`."""

    source: str
    code: str
    reason: str


class Refusal(Frozen):
    """Why a shoot is refused: the reason's code in `pipeline.core.reasons`, and the words of this case."""

    code: str
    words: str


class Discovery(Frozen):
    """What a run found: the shoots to do, those with nothing to do, and those that a person must mend."""

    plans: tuple[Planned, ...] = ()
    unchanged: tuple[str, ...] = ()
    refused: tuple[Refused, ...] = ()


def find_shoots(root: Path) -> Iterator[Path]:
    """Folders with a shoot.yaml at most `MAX_DEPTH` below `root`; never inside another shoot, never through links.

    A folder that this user may not look into counts as a shoot: reading it says why, and the others go on.
    """
    if not root.is_dir():
        raise BadInput(f"CATALOG_SHOOTS={root} is no folder", remedy="Name the folder that holds the shoots")
    folders = [(root, 0)]
    while folders:
        folder, depth = folders.pop(0)
        try:
            below = sorted(path for path in folder.iterdir() if path.is_dir() and not path.is_symlink())
        except OSError:
            yield folder
            continue
        if os.path.lexists(folder / "shoot.yaml"):
            yield folder
        elif depth < MAX_DEPTH:
            folders.extend((path, depth + 1) for path in below if not path.name.startswith("."))


def discover(
    root: Path, store: Store, catalog_url: str, preset: str, run_id: str, *, collection: str | None = None,
    runs_here: bool = True,
) -> Discovery:  # fmt: skip
    """Plan the new and changed shoots below `root`, or with `collection` (a backfill) all shoots of that collection.

    `runs_here` as in `write_plan`. A shoot that cannot be read is refused and remembered as such, and so is every one
    of several with the same sku, for nobody knows whose pictures it means; the others go on.
    """
    known = shoots.known_shoots(catalog_url)
    plans, unchanged, refused = [], [], []
    found, reasons = _read_all(root)
    for folder, refusal in reasons.items():
        refused.append(_refuse(catalog_url, run_id, root, folder, refusal, collection))
    for folder, shoot in found.items():
        if collection not in {None, shoot.collection}:
            continue
        try:
            digest = listing_digest(folder)
            state = known.get(shoot.sku)
            why = why_changed(state, digest, store) or (f"backfill of {collection}" if collection else None)
            if why is None:
                unchanged.append(shoot.sku)
                shoots.record_fate(catalog_url, run_id, shoot.sku, "unchanged")
                continue
            plan, plan_digest = write_plan(folder, store, preset, runs_here=runs_here)
        except BadInput as error:
            refused.append(_refuse(catalog_url, run_id, root, folder, _unplannable(error), collection))
            continue
        plans.append(Planned(sku=shoot.sku, plan=plan_digest, changed=why))
        shoots.record_planned(
            catalog_url,
            run_id,
            sku=shoot.sku,
            collection=shoot.collection,
            source=plan.source,
            listing_digest=digest,
            plan_digest=plan_digest,
        )
    return Discovery(plans=tuple(plans), unchanged=tuple(unchanged), refused=tuple(refused))


def listing_digest(folder: Path) -> str:
    """By what the next night knows that a shoot's files are as they were. Raises BadInput when one cannot be read."""
    return digest_of(canonical_json(listing(folder)))


def why_changed(state: shoots.ShootState | None, listed: str, store: Store) -> str | None:
    """Why tonight must run a shoot, in words; None when nothing changed and its last run ended for good."""
    if state is None:
        return "new"
    if state.listing_digest != listed:
        return "its photos or shoot.yaml changed"
    if shoots.is_changed(state, listed):
        return f"its last run: {state.fate}"
    step = _held_in_passing(state.plan_digest, store) if state.fate == "held" else None
    return f"its last run: {step} was held for want of time" if step else None


def _held_in_passing(plan_digest: str | None, store: Store) -> str | None:
    """The first step of a plan that was held for want of time."""
    pointers = {step: store.pointer(plan_digest, step) for step in STEPS} if plan_digest else {}
    manifests = {step: store.manifest(*pointer) for step, pointer in pointers.items() if pointer}
    return next((step for step, manifest in manifests.items() if manifest and not is_final(manifest)), None)


def conclude(catalog_url: str, run_id: str) -> shoots.RunSummary:
    """Decide and remember the fate of every shoot of a run from the fates of its steps."""
    for shoot in shoots.summary(catalog_url, run_id).shoots:
        if shoot.fate == "planned" or shoot.steps:  # who asks while it runs must not have the last word
            fate, reason = _fate_of(shoot)
            shoots.record_fate(catalog_url, run_id, shoot.sku, fate, reason)
    return shoots.summary(catalog_url, run_id)


def _fate_of(shoot: shoots.ShootSummary) -> tuple[shoots.Fate, str]:
    by_step = {step.step: step for step in shoot.steps}
    for state in ("bad input", "failed"):
        for step in shoot.steps:
            if step.state == state:
                return ("bad input" if state == "bad input" else "failed"), f"{step.step}: {step.reason}"
    missing = [step for step in STEPS if step not in by_step]
    if missing:
        return "failed", f"{missing[0]} did not end"
    held = [step for step in shoot.steps if step.state == "held"]
    return ("held", f"{held[0].step}: {held[0].reason}") if held else ("done", "")


def _unplannable(error: BadInput) -> Refusal:
    missing = isinstance(error, MissingEngine)
    return Refusal(code="shoot-engine-missing" if missing else "shoot-not-plannable", words=str(error))


def _read_all(root: Path) -> tuple[dict[Path, Shoot], dict[Path, Refusal]]:
    """The shoots below `root` by folder, and why the other folders are refused."""
    found: dict[Path, Shoot] = {}
    refused: dict[Path, Refusal] = {}
    for folder in find_shoots(root):
        try:
            found[folder] = read_shoot(folder)
        except BadInput as error:
            refused[folder] = Refusal(code="shoot-unusable", words=str(error))
    by_sku: dict[str, list[Path]] = {}
    for folder, shoot in found.items():
        by_sku.setdefault(shoot.sku, []).append(folder)
    for sku, folders in by_sku.items():
        for folder in folders if len(folders) > 1 else ():
            others = ", ".join(str(other) for other in folders if other != folder)
            what = f"{folder}/shoot.yaml: sku: {sku!r} is also in {others}"
            twice = BadInput(what, remedy="Give each shoot its own, or remove one")
            refused[folder] = Refusal(code="shoot-sku-twice", words=str(twice))
            del found[folder]
    return found, refused


def _refuse(
    catalog_url: str, run_id: str, root: Path, folder: Path, refusal: Refusal, collection: str | None
) -> Refused:  # fmt: skip
    """Remember a refused folder under its own name: its sku could not be read, or belongs to another shoot."""
    source = _printable(folder.resolve())
    name = f"folder {_printable(folder.relative_to(root))}"
    if len(name) > SKU_CHARACTERS:
        name = f"{name[:80]}... {digest_of(name.encode())[:12]}"
    shoots.record_fate(
        catalog_url, run_id, name, "bad input", refusal.words, collection=collection or "", source=source
    )
    return Refused(source=_printable(folder), code=refusal.code, reason=refusal.words)


def _printable(path: Path) -> str:
    """A path in words that every log, JSON and database takes; a name on a disk may be any bytes."""
    return str(path).encode("utf-8", "backslashreplace").decode()
