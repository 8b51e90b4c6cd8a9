"""Find the shoots that a run must process, plan them, and decide each shoot's fate at the end."""

from collections.abc import Callable, Collection, Iterator
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import NamedTuple

from pipeline.catalog import shoots
from pipeline.catalog.backfills import record_run
from pipeline.catalog.database import Catalog
from pipeline.contract.artifact import canonical_json, digest_of
from pipeline.contract.runner import is_final
from pipeline.contract.store import Store
from pipeline.core.domain import Frozen
from pipeline.core.errors import BadInput, MissingEngine
from pipeline.core.shoot_files import is_misnamed, printable
from pipeline.editions import edition_of
from pipeline.mirror import own_path
from pipeline.plan import STEPS, write_plan
from pipeline.shoot import Shoot, listing, read_shoot

MAX_DEPTH = 4
MAX_LOOK = 8  # folders so far below are searched for shoots that are refused because they are too deep
SKU_CHARACTERS = 100


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


class Refusal(Frozen):
    """Why a shoot is refused. `code`: the reason in `pipeline.core.reasons`; `message`: this case."""

    code: str
    message: str


class Discovery(Frozen):
    """The shoots that a run processes, those that are unchanged, and those that a person must correct."""

    plans: tuple[Planned, ...] = ()
    unchanged: tuple[str, ...] = ()
    refused: tuple[Refused, ...] = ()


class Found(NamedTuple):
    """A folder that holds a shoot. `refusal`: why it is not planned where it is, or None."""

    folder: Path
    refusal: BadInput | None = None


def find_shoots(root: Path) -> Iterator[Found]:
    """Yield the folders with a shoot.yaml below `root` that are not in another shoot or in a hidden folder.

    Shoots behind a link, and those deeper than `MAX_DEPTH`, come with a refusal. A folder with a file
    named nearly so (`shoot.yml`), and one that this user may not read, count as shoots: reading them reports why.
    Raises BadInput when `root` is not a folder.
    """
    if not root.is_dir():
        raise BadInput(f"CATALOG_SHOOTS={root} is not a folder", remedy="Set it to the folder that contains the shoots")
    folders = [(root, 0)]
    while folders:
        folder, depth = folders.pop(0)
        try:
            entries = sorted(folder.iterdir())
            subfolders = [path for path in entries if path.is_dir() and not path.name.startswith(".")]
        except OSError:
            yield Found(folder)
            continue
        if any(_is_shoot_file(path.name) for path in entries):
            yield Found(folder, _too_deep(folder, root) if depth > MAX_DEPTH else None)
        elif depth < MAX_LOOK:
            yield from (found for path in subfolders if path.is_symlink() for found in _behind(path))
            folders.extend((path, depth + 1) for path in subfolders if not path.is_symlink())


def _is_shoot_file(name: str) -> bool:
    return name == "shoot.yaml" or is_misnamed(name)


def _too_deep(folder: Path, root: Path) -> BadInput:
    return BadInput(
        f"{folder} holds a shoot more than {MAX_DEPTH} folders below {root}", remedy="Move it up, or set CATALOG_SHOOTS"
    )


def _behind(link: Path) -> Iterator[Found]:
    """The link, with a refusal, when the folder behind it is a shoot or has one directly in it."""
    for pattern in ("*", "*/*"):
        try:
            files = [path for path in link.glob(pattern) if _is_shoot_file(path.name)]
        except OSError:
            return
        if files:
            what = f"{link} is a link, and links are not followed; {files[0].parent.resolve()} holds a shoot"
            yield Found(link, BadInput(what, remedy="Move the folder itself there, or remove the link"))
            return


def discover(
    root: Path, store: Store, catalog_url: str, preset: str, run_id: str, *, runs_here: bool = True,
    fetched: Callable[[Path], AbstractContextManager[object]] = nullcontext,
    source: Callable[[Path], str] = own_path,
) -> Discovery:  # fmt: skip
    """Plan the new and changed shoots below `root`.

    `runs_here`: see `write_plan`. `fetched`: within it, a folder's photos can be read; `source`: where it comes from
    (both as in `pipeline.mirror`). A shoot that cannot be read is refused, and so are all shoots that share a sku,
    because the sku then does not identify a product; the catalog records both, and the other shoots are planned.
    """
    known = shoots.known_shoots(catalog_url)
    record_run(catalog_url, run_id)  # else the summary would not know a run without shoots
    plans, unchanged = [], []
    readable, refusals = read_all(root)
    refused = [refuse(catalog_url, run_id, root, at, source(at), refusal) for at, refusal in refusals.items()]
    edition = ""
    for folder, shoot in readable.items():
        try:
            digest = listing_digest(folder)
            change = why_changed(known.get(shoot.sku), digest, store)
            if change is None:
                unchanged.append(shoot.sku)
                shoots.record_fate(catalog_url, run_id, shoot.sku, "unchanged")
                continue
            with fetched(folder):
                plan, plan_digest = write_plan(folder, store, preset, runs_here=runs_here)
            edition = edition or edition_of(preset)
        except BadInput as error:
            refused.append(refuse(catalog_url, run_id, root, folder, source(folder), unplannable(error)))
            continue
        plans.append(Planned(sku=shoot.sku, plan=plan_digest, changed=change))
        shoots.record_planned(
            catalog_url, run_id, sku=shoot.sku, collection=shoot.collection, source=plan.source,
            listing_digest=digest, plan_digest=plan_digest, edition=edition,
        )  # fmt: skip
    return Discovery(plans=tuple(plans), unchanged=tuple(unchanged), refused=tuple(refused))


def listing_digest(folder: Path) -> str:
    """Digest of a shoot's files, by which the next run sees a change. Raises BadInput when one cannot be read."""
    return digest_of(canonical_json(listing(folder)))


def why_changed(state: shoots.ShootState | None, listed: str, store: Store) -> str | None:
    """Say why a shoot must run again; None when nothing changed and its last run is final."""
    if state is None:
        return "new"
    if state.listing_digest != listed:
        return "its photos or shoot.yaml changed"
    if shoots.is_changed(state, listed):
        return f"its last run: {state.fate}"
    step = _held_in_passing(state.plan_digest, store) if state.fate == "held" else None
    return f"its last run: {step} was held for lack of time" if step else None


def _held_in_passing(plan_digest: str | None, store: Store) -> str | None:
    """The first step of a plan that was held for lack of time."""
    pointers = {step: store.pointer(plan_digest, step) for step in STEPS} if plan_digest else {}
    manifests = {step: store.manifest(*pointer) for step, pointer in pointers.items() if pointer}
    return next((step for step, manifest in manifests.items() if manifest and not is_final(manifest)), None)


def conclude(catalog_url: str, run_id: str, only: Collection[str] | None = None) -> shoots.RunSummary:
    """Decide the fate of every shoot of a run, or of those in `only`, from the states of its steps, and record it."""
    for shoot in shoots.summary(catalog_url, run_id).shoots:
        if only is not None and shoot.sku not in only:
            continue
        if shoot.fate == "planned" or shoot.steps:  # a fate decided while the run goes on is decided again
            fate, reason = _fate_of(shoot)
            shoots.record_fate(catalog_url, run_id, shoot.sku, fate, reason)
    Catalog(catalog_url).take_statistics()
    return shoots.summary(catalog_url, run_id)


def _fate_of(shoot: shoots.ShootSummary) -> tuple[shoots.Fate, str]:
    by_step = {step.step: step for step in shoot.steps}
    for state in ("refused", "failed"):
        for step in shoot.steps:
            if step.state == state:
                return ("refused" if state == "refused" else "failed"), f"{step.step}: {step.reason}"
    missing = [step for step in STEPS if step not in by_step]
    if missing:
        return "failed", f"{missing[0]} did not finish"
    held = [step for step in shoot.steps if step.state == "held"]
    return ("held", f"{held[0].step}: {held[0].reason}") if held else ("done", "")


def unplannable(error: BadInput) -> Refusal:
    """Why a shoot whose files can be read cannot be planned."""
    missing = isinstance(error, MissingEngine)
    return Refusal(code="shoot-engine-missing" if missing else "shoot-not-plannable", message=str(error))


def read_all(root: Path) -> tuple[dict[Path, Shoot], dict[Path, Refusal]]:
    """Read the shoots below `root`: those that can be planned, by folder, and why the other folders are refused."""
    readable: dict[Path, Shoot] = {}
    refused: dict[Path, Refusal] = {}
    for folder, out_of_reach in find_shoots(root):
        if out_of_reach:
            refused[folder] = Refusal(code="shoot-out-of-reach", message=str(out_of_reach))
            continue
        try:
            readable[folder] = read_shoot(folder)
        except BadInput as error:
            refused[folder] = Refusal(code="shoot-unusable", message=str(error))
    by_sku: dict[str, list[Path]] = {}
    for folder, shoot in readable.items():
        by_sku.setdefault(shoot.sku.lower(), []).append(folder)  # a shop and some file systems ignore the case
    for folders in by_sku.values():
        for folder in folders if len(folders) > 1 else ():
            others = ", ".join(str(other) for other in folders if other != folder)
            what = f"{folder}/shoot.yaml: sku: {readable[folder].sku!r} is also in {others}"
            duplicate = BadInput(what, remedy="Give each shoot its own sku, or remove one")
            refused[folder] = Refusal(code="shoot-sku-twice", message=str(duplicate))
            del readable[folder]
    return readable, refused


def refuse(catalog_url: str, run_id: str, root: Path, folder: Path, source: str, refusal: Refusal) -> Refused:
    """Record a refused folder under its own name, because its sku is unknown or belongs to another shoot too."""
    name = f"folder {printable(str(folder.relative_to(root)))}"
    if len(name) > SKU_CHARACTERS:
        name = f"{name[:80]}... {digest_of(name.encode())[:12]}"
    shoots.record_fate(catalog_url, run_id, name, "refused", refusal.message, source=printable(source))
    return Refused(source=printable(str(folder)), code=refusal.code, reason=refusal.message)
