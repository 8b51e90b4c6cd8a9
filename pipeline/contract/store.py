"""The artifact store in a folder: content-addressed objects, manifests by key, pointers of plans, snapshots.

Layout: `objects/ab/abcd...` bytes by digest; `manifests/<stage>/<key>.json`; `plans/<digest>/<step>` a key;
`snapshots/<key>`; `scratch/` work in progress. Every file appears by rename or link, whole or not at all.
Damage on the disk is detected on reading, and the step that made the file runs again.
"""

import errno
import fcntl
import hashlib
import logging
import os
import shutil
import time
import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path

from pydantic import TypeAdapter, ValidationError

from pipeline.contract.artifact import TREE, Artifact, canonical_json, checked_tree_path, digest_of
from pipeline.contract.manifest import Manifest
from pipeline.core.errors import CatalogError, StoreFull

log = logging.getLogger(__name__)

LEFT_BEHIND_SECONDS = 3 * 24 * 3600  # far longer than any step takes
PART_BYTES = 2**20
REDONE = "Run the shoot again: the step that made it is redone"
FULL = frozenset({errno.ENOSPC, errno.EDQUOT})
_TREE_ADAPTER = TypeAdapter(dict[str, Artifact])


class Store:
    """Artifacts, manifests, pointers and snapshots in a folder.

    The folder lies on one machine, or on a file system that several machines mount.
    """

    def __init__(self, root: Path) -> None:
        """Use the folder `root`, creating it if missing. Raises StoreFull, or CatalogError if it cannot be written."""
        self.root = root.absolute()
        with writing(self.root):
            for name in ("objects", "manifests", "plans", "snapshots", "scratch"):
                (self.root / name).mkdir(parents=True, exist_ok=True)

    def put(self, data: bytes, media_type: str) -> Artifact:
        """Store bytes. They are written even if already there, which repairs an object damaged on the disk."""
        artifact = Artifact(sha256=digest_of(data), media_type=media_type, size=len(data))
        self._write(self.path(artifact), data)
        return artifact

    def put_tree(self, files: Mapping[str, Artifact]) -> Artifact:
        """Store a folder as the sorted tree of its files' digests."""
        entries = {checked_tree_path(name): files[name].model_dump(mode="json") for name in sorted(files)}
        return self.put(canonical_json(entries), TREE)

    def path(self, artifact: Artifact) -> Path:
        """The file that holds the artifact's bytes. Never write to it."""
        return self.object_path(artifact.sha256)

    def object_path(self, sha256: str) -> Path:
        """The path of the object with this digest, whether or not it exists."""
        return object_path(self.root, sha256)

    def read(self, artifact: Artifact) -> bytes:
        """The bytes. Raises CatalogError if they are missing, unreadable or do not match their digest."""
        path = self.path(artifact)
        with _reading(path):
            data = path.read_bytes()
        if digest_of(data) != artifact.sha256:
            raise CatalogError(f"{path} is damaged", remedy=REDONE)
        return data

    def parts(self, artifact: Artifact) -> Iterator[bytes]:
        """Yield the bytes in parts of at most `PART_BYTES`. Raises as `read` does; on damage, after the last part."""
        path = self.path(artifact)
        digest = hashlib.sha256()
        with _reading(path), path.open("rb") as file:
            while part := file.read(PART_BYTES):
                digest.update(part)
                yield part
        if digest.hexdigest() != artifact.sha256:
            raise CatalogError(f"{path} is damaged", remedy=REDONE)

    def tree(self, artifact: Artifact) -> dict[str, Artifact]:
        """The files of a folder artifact by relative path, sorted."""
        return dict(sorted(_TREE_ADAPTER.validate_json(self.read(artifact)).items()))

    def is_whole(self, artifact: Artifact) -> bool:
        """Whether the bytes exist and match their digest; for a folder, also those of every file in it."""
        return self.damaged(artifact) is None

    def damaged(self, artifact: Artifact) -> Path | None:
        """The first file of an artifact that is missing, unreadable or does not match its digest; None if whole."""
        path = self.path(artifact)
        try:
            with path.open("rb") as file:
                if hashlib.file_digest(file, "sha256").hexdigest() != artifact.sha256:
                    return path
        except OSError:
            return path
        files = self.tree(artifact).values() if artifact.media_type == TREE else ()
        return next((part for file in files if (part := self.damaged(file))), None)

    def manifest(self, stage: str, key: str) -> Manifest | None:
        """The manifest under this key, or None if the step is unfinished; a damaged manifest counts as none."""
        path = self._manifest_path(stage, key)
        try:
            return Manifest.model_validate_json(path.read_bytes())
        except FileNotFoundError:
            return None
        except ValidationError:
            log.warning("%s is damaged: its step runs again", path)
            return None

    def commit(self, manifest: Manifest, instead_of: Manifest | None = None) -> Manifest:
        """Write a manifest; the first writer wins. Returns the one in the store, which may be another writer's.

        `instead_of` is a manifest whose artifacts are damaged: it is replaced, but only if it is still in the store.
        """
        path = self._manifest_path(manifest.request.stage, manifest.key)
        with writing(self.root), self._locked(path):
            standing = self.manifest(manifest.request.stage, manifest.key)
            if standing is not None and standing != instead_of:
                return standing
            self._write(path, manifest.model_dump_json(indent=1).encode())
        return manifest

    def pointer(self, plan: str, step: str) -> tuple[str, str] | None:
        """(stage, key) of the manifest that a plan's step led to, or None."""
        path = self.root / "plans" / plan / checked_tree_path(step)
        try:
            stage, key = path.read_text().split()
        except FileNotFoundError:
            return None
        except ValueError:
            log.warning("%s is damaged: run its step again", path)
            return None
        return stage, key

    def point(self, plan: str, step: str, stage: str, key: str) -> None:
        """Record which manifest a plan's step led to."""
        self._write(self.root / "plans" / plan / checked_tree_path(step), f"{stage} {key}\n".encode())

    def load_snapshot(self, key: str) -> bytes | None:
        """The state saved under a key, or None; a damaged snapshot counts as none, and the step starts over."""
        path = self.root / "snapshots" / key
        try:
            digest, _, state = path.read_bytes().partition(b"\n")
        except FileNotFoundError:
            return None
        if digest.decode(errors="replace") != digest_of(state):
            log.warning("%s is damaged: its step starts over", path)
            return None
        return state

    def save_snapshot(self, key: str, state: bytes) -> None:
        """Save state under a key, after a line with its digest; whole or not at all."""
        self._write(self.root / "snapshots" / key, digest_of(state).encode() + b"\n" + state)

    def drop_snapshot(self, key: str) -> None:
        """Forget the state saved under a key."""
        (self.root / "snapshots" / key).unlink(missing_ok=True)

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
        folder = self.root / "manifests" / stage
        paths = sorted(folder.glob("*.json"), key=lambda path: -path.stat().st_mtime_ns)[:count]
        found = [self.manifest(stage, path.stem) for path in paths]
        return [manifest for manifest in found if manifest is not None]

    def _manifest_path(self, stage: str, key: str) -> Path:
        return self.root / "manifests" / stage / f"{key}.json"

    def _write(self, path: Path, data: bytes) -> None:
        write_whole(path, data, self.root / "scratch" / f"{uuid.uuid4().hex}.part")

    @contextmanager
    def _locked(self, path: Path) -> Iterator[None]:
        """Hold an exclusive lock. It is released with the process, so a kill leaves none behind."""
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.with_suffix(".lock").open("w") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            yield


def object_path(root: Path, sha256: str) -> Path:
    """The path of the object with this digest in the store at `root`, whether or not either exists."""
    return root / "objects" / sha256[:2] / sha256


@contextmanager
def writing(folder: Path) -> Iterator[None]:
    """Raise StoreFull if the disk of `folder` is full, CatalogError if it cannot be written for another reason."""
    try:
        yield
    except OSError as error:
        if error.errno in FULL:
            raise store_full(error) from error
        which = f" ({error.filename})" if error.filename else ""
        raise CatalogError(
            f"the folder {folder} cannot be written: {error.strerror}{which}",
            remedy="Let this user write there, or name another folder in CATALOG_STORE",
        ) from error


@contextmanager
def _reading(path: Path) -> Iterator[None]:
    """Raise CatalogError if an object is missing or cannot be read."""
    try:
        yield
    except FileNotFoundError:
        raise CatalogError(f"{path} is missing", remedy=REDONE) from None
    except OSError as error:
        raise CatalogError(
            f"{path} cannot be read: {error.strerror}", remedy="Let this user read it, or check the disk"
        ) from None


def write_whole(path: Path, data: bytes, part: Path) -> None:
    """Write a file whole or not at all, through `part`, a new file on the same disk. Raises as `writing` does."""
    with writing(path.parent):
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            part.write_bytes(data)
            part.replace(path)
        finally:
            part.unlink(missing_ok=True)


def store_full(error: OSError) -> StoreFull:
    """The error for a full disk: the store's, or that of a step's scratch folder."""
    where = f"to write {error.filename}" if error.filename else "in the store (CATALOG_STORE) or its scratch folder"
    return StoreFull(
        f"no room left {where}: {os.strerror(error.errno or errno.ENOSPC)}",
        remedy="Free disk space, then run again: finished work is kept",
    )
