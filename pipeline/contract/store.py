"""The artifact store: content-addressed objects, manifests by key, pointers of plans, snapshots.

Layout: `objects/ab/abcd...` bytes by digest; `manifests/<stage>/<key>.json`; `plans/<digest>/<step>` a key;
`snapshots/<key>`; on this machine `scratch/` for work in progress. Every file appears whole or not at all.
Damaged bytes are detected on reading, and the step that made them runs again.
"""

import hashlib
import logging
import os
import shutil
import time
import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from io import BufferedIOBase
from pathlib import Path

from pydantic import TypeAdapter, ValidationError

from pipeline.contract.artifact import TREE, Artifact, canonical_json, checked_tree_path, digest_of
from pipeline.contract.manifest import Manifest
from pipeline.contract.storage.base import Storage, object_name
from pipeline.contract.storage.disk import PART_BYTES, Disk, writing
from pipeline.core.errors import CatalogError
from pipeline.core.stored import Stored

log = logging.getLogger(__name__)

LEFT_BEHIND_SECONDS = 3 * 24 * 3600  # far longer than any step takes
REDONE = "Run the shoot again: the step that made it is redone"
_TREE_ADAPTER = TypeAdapter(dict[str, Artifact])


class Store:
    """Artifacts, manifests, pointers and snapshots, wherever they lie."""

    def __init__(self, storage: Storage | Path) -> None:
        """`storage`: where the files lie; a path stands for a folder. Raises as `Disk` does."""
        self.storage: Storage = Disk(storage) if isinstance(storage, Path) else storage

    @property
    def root(self) -> Path:
        """The folder on this machine in which the store works: its own, or that of a bucket's copies."""
        return self.storage.root

    def put(self, data: bytes, media_type: str) -> Artifact:
        """Store bytes. They are written even if already there, which repairs a damaged object."""
        artifact = Artifact(sha256=digest_of(data), media_type=media_type, size=len(data))
        self.storage.put_object(artifact.sha256, data)
        return artifact

    def put_tree(self, files: Mapping[str, Artifact]) -> Artifact:
        """Store a folder as the sorted tree of its files' digests."""
        entries = {checked_tree_path(name): files[name].model_dump(mode="json") for name in sorted(files)}
        return self.put(canonical_json(entries), TREE)

    def where(self, sha256: str) -> str:
        """The path or URL of the object with this digest, whether or not it exists."""
        return self.storage.where(object_name(sha256))

    def size_of(self, sha256: str) -> int | None:
        """The size of the object with this digest in bytes; None if there is none."""
        return self.storage.size_of(sha256)

    def file(self, artifact: Artifact, folder: Path) -> Path:
        """A file with the artifact's bytes that stays at least as long as `folder`. Never write to it.

        Its bytes are not checked. Raises CatalogError if it is missing.
        """
        with self._reading(artifact.sha256):
            return self.storage.object_file(artifact.sha256, folder)

    def read(self, artifact: Artifact) -> bytes:
        """The bytes. Raises CatalogError if they are missing, unreadable or do not match their digest."""
        return self.read_object(artifact.sha256)

    def read_object(self, sha256: str) -> bytes:
        """The bytes of the object with this digest. Raises as `read` does."""
        for _copy_or_original in range(2):
            with self._reading(sha256), self.storage.open_object(sha256) as file:
                data = file.read()
            if digest_of(data) == sha256:
                return data
            if not self.storage.forget(sha256):
                break
        raise CatalogError(f"{self.where(sha256)} is damaged", remedy=REDONE)

    def open_object(self, sha256: str) -> BufferedIOBase:
        """The object with this digest, open for reading and not checked. Raises OSError if it cannot be opened."""
        return self.storage.open_object(sha256)

    def parts(self, artifact: Artifact) -> Iterator[bytes]:
        """Yield the bytes in parts of at most `PART_BYTES`. Raises as `read` does; on damage, after the last part."""
        digest = hashlib.sha256()
        with self._reading(artifact.sha256), self.storage.open_object(artifact.sha256) as file:
            while part := file.read(PART_BYTES):
                digest.update(part)
                yield part
        if digest.hexdigest() != artifact.sha256:
            self.storage.forget(artifact.sha256)
            raise CatalogError(f"{self.where(artifact.sha256)} is damaged", remedy=REDONE)

    def tree(self, artifact: Artifact) -> dict[str, Artifact]:
        """The files of a folder artifact by relative path, sorted."""
        return dict(sorted(_TREE_ADAPTER.validate_json(self.read(artifact)).items()))

    def is_whole(self, artifact: Artifact) -> bool:
        """Whether the bytes exist and match their digest; for a folder, also those of every file in it."""
        return self.damaged(artifact) is None

    def damaged(self, artifact: Artifact) -> str | None:
        """Where the first file of an artifact is that is missing, unreadable or does not match its digest.

        None if the artifact is whole.
        """
        if not self._is_object_whole(artifact.sha256):
            return self.where(artifact.sha256)
        files = self.tree(artifact).values() if artifact.media_type == TREE else ()
        return next(filter(None, self.storage.each(self.damaged, files)), None)

    def manifest(self, stage: str, key: str) -> Manifest | None:
        """The manifest under this key, or None if the step is unfinished; a damaged manifest counts as none."""
        name = _manifest_name(stage, key)
        return self._parsed(name, self.storage.read(name))

    def commit(self, manifest: Manifest, instead_of: Manifest | None = None) -> Manifest:
        """Write a manifest; the first writer wins. Returns the one in the store, which may be another writer's.

        `instead_of` is a manifest whose artifacts are damaged: it is replaced, but only if it is still in the store.
        """
        name, data = _manifest_name(manifest.request.stage, manifest.key), manifest.model_dump_json(indent=1).encode()
        stored: Stored | None = None
        if instead_of is not None:
            stored = self.storage.read(name)
        while True:
            standing = self._parsed(name, stored)
            if standing is not None and standing != instead_of:
                return standing
            if self.storage.swap(name, data, stored):
                return manifest
            stored = self.storage.read(name)

    def pointer(self, plan: str, step: str) -> tuple[str, str] | None:
        """(stage, key) of the manifest that a plan's step led to, or None."""
        name = _pointer_name(plan, step)
        stored = self.storage.read(name)
        if stored is None:
            return None
        try:
            stage, key = stored.data.decode().split()
        except ValueError:
            log.warning("%s is damaged: run its step again", self.storage.where(name))
            return None
        return stage, key

    def point(self, plan: str, step: str, stage: str, key: str) -> None:
        """Record which manifest a plan's step led to."""
        self.storage.write(_pointer_name(plan, step), f"{stage} {key}\n".encode())

    def load_snapshot(self, key: str) -> bytes | None:
        """The state saved under a key, or None; a damaged snapshot counts as none, and the step starts over."""
        stored = self.storage.read(f"snapshots/{key}")
        if stored is None:
            return None
        digest, _, state = stored.data.partition(b"\n")
        if digest.decode(errors="replace") != digest_of(state):
            log.warning("%s is damaged: its step starts over", self.storage.where(f"snapshots/{key}"))
            return None
        return state

    def save_snapshot(self, key: str, state: bytes) -> None:
        """Save state under a key, after a line with its digest; whole or not at all."""
        self.storage.write(f"snapshots/{key}", digest_of(state).encode() + b"\n" + state)

    def drop_snapshot(self, key: str) -> None:
        """Forget the state saved under a key."""
        self.storage.delete(f"snapshots/{key}")

    def scratch(self, key: str) -> Path:
        """A new empty folder for work in progress. Also deletes what killed steps left behind days ago."""
        path = self.root / "scratch" / f"{key[:16]}-{os.getpid()}-{uuid.uuid4().hex[:8]}"
        for old in path.parent.iterdir():
            with suppress(FileNotFoundError):  # another step may delete it first
                if old.lstat().st_mtime < time.time() - LEFT_BEHIND_SECONDS:
                    shutil.rmtree(old) if old.is_dir() else old.unlink()
        with writing(self.root):
            path.mkdir()
        return path

    def latest(self, stage: str, count: int) -> list[Manifest]:
        """The manifests of a stage that were written last, the newest first. Damaged ones are passed over."""
        files = sorted(self.storage.list(f"manifests/{stage}"), key=lambda file: -file.modified_ns)[:count]
        found = self.storage.each(lambda file: self._parsed(file.name, self.storage.read(file.name)), files)
        return [manifest for manifest in found if manifest is not None]

    def _parsed(self, name: str, stored: Stored | None) -> Manifest | None:
        if stored is None:
            return None
        try:
            return Manifest.model_validate_json(stored.data)
        except ValidationError:
            log.warning("%s is damaged: its step runs again", self.storage.where(name))
            return None

    def _is_object_whole(self, sha256: str) -> bool:
        for _copy_or_original in range(2):
            try:
                with self.storage.open_object(sha256) as file:
                    if hashlib.file_digest(file, "sha256").hexdigest() == sha256:
                        return True
            except OSError:
                return False
            if not self.storage.forget(sha256):
                break
        return False

    @contextmanager
    def _reading(self, sha256: str) -> Iterator[None]:
        """Raise CatalogError if an object is missing or cannot be read."""
        try:
            yield
        except FileNotFoundError:
            raise CatalogError(f"{self.where(sha256)} is missing", remedy=REDONE) from None
        except OSError as error:
            raise CatalogError(
                f"{self.where(sha256)} cannot be read: {error.strerror}",
                remedy="Let this user read it, or check the disk",
            ) from None


def _manifest_name(stage: str, key: str) -> str:
    return f"manifests/{stage}/{key}.json"


def _pointer_name(plan: str, step: str) -> str:
    return f"plans/{plan}/{checked_tree_path(step)}"
