"""Checks every file of a store: which are damaged or missing, and which steps and assets they belong to."""

import hashlib
from collections.abc import Iterable, Iterator
from pathlib import Path

from pydantic import ValidationError

from pipeline.contract.artifact import TREE, Artifact
from pipeline.contract.manifest import Manifest, artifacts_in
from pipeline.contract.store import Store
from pipeline.core.domain import Frozen
from pipeline.core.errors import CatalogError


class Damage(Frozen):
    """A file that is missing, unreadable or damaged, and the steps and assets that it belongs to.

    A step is `<stage> <key>`. `sha256` is what the bytes should be; None for a manifest.
    """

    path: str
    sha256: str | None
    whose: tuple[str, ...]


class Verified(Frozen):
    """How many files were checked, and which are damaged, sorted by path."""

    objects: int
    manifests: int
    damaged: tuple[Damage, ...]


def verify(store: Store, promised: Iterable[tuple[str, str]] = ()) -> Verified:
    """Read every file of a store once. Changes nothing: running a shoot again recreates what is damaged.

    `promised`: (sha256, name) of files that are needed besides those of the manifests: the catalog's assets.
    """
    files = sorted((store.root / "objects").glob("*/*"))
    damaged_objects = {path.name for path in files if not _is_named_by_its_digest(path)}
    whole = {path.name for path in files} - damaged_objects
    owners: dict[str, list[str]] = {sha256: [] for sha256 in damaged_objects}
    references = list(promised)
    broken: list[Damage] = []
    manifests = sorted((store.root / "manifests").glob("*/*.json"))
    for path in manifests:
        step = f"{path.parent.name} {path.stem}"
        try:
            manifest = Manifest.model_validate_json(path.read_bytes())
        except (ValidationError, OSError):
            broken.append(Damage(path=str(path), sha256=None, whose=(step,)))
            continue
        for artifact in artifacts_in(manifest.made).values():
            references += [(part.sha256, step) for part in _parts(store, artifact, whole)]
    for sha256, owner in references:
        if sha256 not in whole:
            owners.setdefault(sha256, []).append(owner)
    lost = [
        Damage(path=str(store.object_path(sha256)), sha256=sha256, whose=tuple(sorted(names)))
        for sha256, names in owners.items()
    ]
    damaged = sorted((*broken, *lost), key=lambda damage: damage.path)
    return Verified(objects=len(files), manifests=len(manifests), damaged=tuple(damaged))


def _is_named_by_its_digest(path: Path) -> bool:
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest() == path.name
    except OSError:
        return False


def _parts(store: Store, artifact: Artifact, whole: set[str]) -> Iterator[Artifact]:
    """The artifact and, if it is a whole folder, its files."""
    yield artifact
    if artifact.media_type == TREE and artifact.sha256 in whole:
        try:
            yield from store.tree(artifact).values()
        except CatalogError:  # damaged since it was hashed: the next check reports it
            return
