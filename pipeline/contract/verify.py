"""Checks every file of a store: which are damaged or missing, and which steps and assets they belong to."""

import hashlib
from collections.abc import Iterable, Iterator, Mapping
from functools import partial
from pathlib import PurePosixPath
from typing import Any

from pydantic import ValidationError

from pipeline.contract.artifact import TREE, Artifact
from pipeline.contract.manifest import Manifest, artifacts_in
from pipeline.contract.store import Store
from pipeline.core.domain import Frozen
from pipeline.core.errors import CatalogError


class Damage(Frozen):
    """A file that is missing, unreadable or damaged, and the steps and assets that it belongs to.

    A file belongs to the steps that made it; one of a shoot, such as a photo, to those that read it. A step is
    `<stage> <key>`. `sha256` is what the bytes should be; None for a manifest.
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
    objects = {PurePosixPath(file.name).name: file.name for file in store.storage.list("objects")}
    sound = store.storage.each(lambda item: _has_digest(store, item[1], item[0]), objects.items())
    whole = {sha256 for sha256, is_sound in zip(objects, sound, strict=True) if is_sound}
    owners: dict[str, list[str]] = {sha256: [] for sha256 in objects if sha256 not in whole}
    references, read = list(promised), list[tuple[str, str]]()
    made: set[str] = set()
    broken: list[Damage] = []
    manifests = sorted(file.name for file in store.storage.list("manifests"))
    for name, manifest in zip(manifests, store.storage.each(partial(_read_manifest, store), manifests), strict=True):
        step = f"{PurePosixPath(name).parent.name} {PurePosixPath(name).stem}"
        if manifest is None:
            broken.append(Damage(path=store.storage.where(name), sha256=None, whose=(step,)))
            continue
        outputs = _files(store, manifest.made, whole)
        made |= outputs
        references += [(sha256, step) for sha256 in outputs]
        read += [(sha256, step) for sha256 in _files(store, manifest.request.inputs, whole)]
    references += [(sha256, step) for sha256, step in read if sha256 not in made]
    for sha256, owner in references:
        if sha256 not in whole:
            owners.setdefault(sha256, []).append(owner)
    lost = [
        Damage(path=store.where(sha256), sha256=sha256, whose=tuple(sorted(names))) for sha256, names in owners.items()
    ]
    damaged = sorted((*broken, *lost), key=lambda damage: damage.path)
    return Verified(objects=len(objects), manifests=len(manifests), damaged=tuple(damaged))


def _has_digest(store: Store, name: str, sha256: str) -> bool:
    digest = hashlib.sha256()
    try:
        for part in store.storage.parts(name):
            digest.update(part)
    except OSError:
        return False
    return digest.hexdigest() == sha256


def _read_manifest(store: Store, name: str) -> Manifest | None:
    try:
        stored = store.storage.read(name)
        return Manifest.model_validate_json(stored.data) if stored else None
    except (ValidationError, OSError):
        return None


def _files(store: Store, values: Mapping[str, Any], whole: set[str]) -> set[str]:
    """The digests of the artifacts among a step's inputs or outputs, and of the files in folders."""
    artifacts = artifacts_in(values).values()
    return {part.sha256 for artifact in artifacts for part in _parts(store, artifact, whole)}


def _parts(store: Store, artifact: Artifact, whole: set[str]) -> Iterator[Artifact]:
    """The artifact and, if it is a whole folder, its files."""
    yield artifact
    if artifact.media_type == TREE and artifact.sha256 in whole:
        try:
            yield from store.tree(artifact).values()
        except CatalogError:  # damaged since it was hashed: the next check reports it
            return
