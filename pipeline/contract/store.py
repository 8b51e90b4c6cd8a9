"""The artifact store: content-addressed objects, manifests by key, pointers of plans, checkpoints. Here: in a folder.

Layout: `objects/ab/abcd...` bytes by digest; `manifests/<stage>/<key>.json`; `plans/<digest>/<step>` a key;
`checkpoints/<key>`; `scratch/` work in progress. Every file appears by rename or link, whole or not at all.
"""

import fcntl
import hashlib
import os
import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Protocol

from pydantic import TypeAdapter

from pipeline.contract.artifact import TREE, Artifact, canonical_json, checked_tree_path, digest_of
from pipeline.contract.manifest import Manifest
from pipeline.errors import CatalogError

_TREE_ADAPTER = TypeAdapter(dict[str, Artifact])


class Store(Protocol):
    """What the runner and the stages need of a store; a bucket offers the same."""

    def put(self, data: bytes, media_type: str) -> Artifact: ...  # noqa: D102 - see FolderStore
    def put_tree(self, files: Mapping[str, Artifact]) -> Artifact: ...  # noqa: D102
    def path(self, artifact: Artifact) -> Path: ...  # noqa: D102
    def read(self, artifact: Artifact) -> bytes: ...  # noqa: D102
    def tree(self, artifact: Artifact) -> dict[str, Artifact]: ...  # noqa: D102
    def is_whole(self, artifact: Artifact) -> bool: ...  # noqa: D102
    def manifest(self, stage: str, key: str) -> Manifest | None: ...  # noqa: D102
    def commit(self, manifest: Manifest, instead_of: Manifest | None = None) -> Manifest: ...  # noqa: D102
    def pointer(self, plan: str, step: str) -> tuple[str, str] | None: ...  # noqa: D102
    def point(self, plan: str, step: str, stage: str, key: str) -> None: ...  # noqa: D102
    def load_checkpoint(self, key: str) -> bytes | None: ...  # noqa: D102
    def save_checkpoint(self, key: str, state: bytes) -> None: ...  # noqa: D102
    def drop_checkpoint(self, key: str) -> None: ...  # noqa: D102
    def scratch(self, key: str) -> Path: ...  # noqa: D102


class FolderStore:
    """A store in a folder of one machine, or of a file system that several machines mount."""

    def __init__(self, root: Path) -> None:
        """Use (and make) the folder `root`."""
        self.root = root.absolute()
        for name in ("objects", "manifests", "plans", "checkpoints", "scratch"):
            (self.root / name).mkdir(parents=True, exist_ok=True)

    def put(self, data: bytes, media_type: str) -> Artifact:
        """Store bytes. Written again even if they are there: that heals an object that went bad on the disk."""
        artifact = Artifact(sha256=digest_of(data), media_type=media_type, size=len(data))
        self._write(self.path(artifact), data)
        return artifact

    def put_tree(self, files: Mapping[str, Artifact]) -> Artifact:
        """Store a folder: the sorted tree of its files' digests."""
        entries = {checked_tree_path(name): files[name].model_dump(mode="json") for name in sorted(files)}
        return self.put(canonical_json(entries), TREE)

    def path(self, artifact: Artifact) -> Path:
        """Where the artifact's bytes lie. Never write there."""
        return self.root / "objects" / artifact.sha256[:2] / artifact.sha256

    def read(self, artifact: Artifact) -> bytes:
        """The bytes. Raises CatalogError when the store has lost them or they no longer match their digest."""
        path = self.path(artifact)
        try:
            data = path.read_bytes()
        except FileNotFoundError:
            raise CatalogError(
                f"{path} is missing", remedy="run the shoot again: the step that made it is redone"
            ) from None
        if digest_of(data) != artifact.sha256:
            raise CatalogError(f"{path} is damaged", remedy="run the shoot again: the step that made it is redone")
        return data

    def tree(self, artifact: Artifact) -> dict[str, Artifact]:
        """The files of a folder artifact by relative path, sorted."""
        return dict(sorted(_TREE_ADAPTER.validate_json(self.read(artifact)).items()))

    def is_whole(self, artifact: Artifact) -> bool:
        """Whether the bytes are there and match the digest; for a folder, of every file in it."""
        try:
            with self.path(artifact).open("rb") as file:
                if hashlib.file_digest(file, "sha256").hexdigest() != artifact.sha256:
                    return False
        except FileNotFoundError:
            return False
        return artifact.media_type != TREE or all(self.is_whole(file) for file in self.tree(artifact).values())

    def manifest(self, stage: str, key: str) -> Manifest | None:
        """The manifest under this key, or None while the step is unfinished."""
        try:
            return Manifest.model_validate_json(self._manifest_path(stage, key).read_bytes())
        except FileNotFoundError:
            return None

    def commit(self, manifest: Manifest, instead_of: Manifest | None = None) -> Manifest:
        """Write a manifest; the first writer wins. Returns the one that stands, which may be another writer's.

        `instead_of` names a manifest whose artifacts are damaged: it is replaced if it still stands, and only then.
        """
        path = self._manifest_path(manifest.request.stage, manifest.key)
        path.parent.mkdir(parents=True, exist_ok=True)
        with self._locked(path):
            standing = self.manifest(manifest.request.stage, manifest.key)
            if standing is not None and standing != instead_of:
                return standing
            self._write(path, manifest.model_dump_json(indent=1).encode())
        return manifest

    def pointer(self, plan: str, step: str) -> tuple[str, str] | None:
        """(stage, key) of the manifest that a plan's step led to, or None."""
        try:
            stage, key = (self.root / "plans" / plan / checked_tree_path(step)).read_text().split()
        except FileNotFoundError:
            return None
        return stage, key

    def point(self, plan: str, step: str, stage: str, key: str) -> None:
        """Remember which manifest a plan's step led to."""
        self._write(self.root / "plans" / plan / checked_tree_path(step), f"{stage} {key}\n".encode())

    def load_checkpoint(self, key: str) -> bytes | None:
        """The state saved under a key, or None."""
        try:
            return (self.root / "checkpoints" / key).read_bytes()
        except FileNotFoundError:
            return None

    def save_checkpoint(self, key: str, state: bytes) -> None:
        """Save state under a key, whole or not at all."""
        self._write(self.root / "checkpoints" / key, state)

    def drop_checkpoint(self, key: str) -> None:
        """Forget the state saved under a key."""
        (self.root / "checkpoints" / key).unlink(missing_ok=True)

    def scratch(self, key: str) -> Path:
        """A new empty folder for work in progress."""
        path = self.root / "scratch" / f"{key[:16]}-{os.getpid()}-{uuid.uuid4().hex[:8]}"
        path.mkdir()
        return path

    def _manifest_path(self, stage: str, key: str) -> Path:
        return self.root / "manifests" / stage / f"{key}.json"

    def _write(self, path: Path, data: bytes) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        part = self.root / "scratch" / f"{uuid.uuid4().hex}.part"
        try:
            part.write_bytes(data)
            part.replace(path)
        finally:
            part.unlink(missing_ok=True)

    @contextmanager
    def _locked(self, path: Path) -> Iterator[None]:
        """Hold an exclusive lock; it goes with the process, so a kill leaves none behind."""
        with path.with_suffix(".lock").open("w") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            yield
