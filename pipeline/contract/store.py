"""The artifact store in a folder: content-addressed objects, manifests by key, pointers of plans, snapshots.

Layout: `objects/ab/abcd...` bytes by digest; `manifests/<stage>/<key>.json`; `plans/<digest>/<step>` a key;
`snapshots/<key>`; `scratch/` work in progress. Every file appears by rename or link, whole or not at all.
What a disk spoils all the same is noticed when it is read, and its step is done again.
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
FULL = frozenset({errno.ENOSPC, errno.EDQUOT})
_TREE_ADAPTER = TypeAdapter(dict[str, Artifact])


class Store:
    """Artifacts, manifests, pointers and snapshots in a folder.

    The folder lies on one machine, or on a file system that several machines mount.
    """

    def __init__(self, root: Path) -> None:
        """Use (and make) the folder `root`. Writing raises StoreFull, or CatalogError where nothing may be written."""
        self.root = root.absolute()
        with writing(self.root):
            for name in ("objects", "manifests", "plans", "snapshots", "scratch"):
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
        return self.object_path(artifact.sha256)

    def object_path(self, sha256: str) -> Path:
        """Where the bytes of this digest lie, if they are there."""
        return self.root / "objects" / sha256[:2] / sha256

    def read(self, artifact: Artifact) -> bytes:
        """The bytes. Raises CatalogError when the store has lost them or they no longer match their digest."""
        path = self.path(artifact)
        try:
            data = path.read_bytes()
        except FileNotFoundError:
            raise CatalogError(
                f"{path} is missing", remedy="run the shoot again: the step that made it is redone"
            ) from None
        except OSError as error:
            raise CatalogError(
                f"{path} cannot be read: {error.strerror}", remedy="let this user read it, or look at the disk"
            ) from None
        if digest_of(data) != artifact.sha256:
            raise CatalogError(f"{path} is damaged", remedy="run the shoot again: the step that made it is redone")
        return data

    def tree(self, artifact: Artifact) -> dict[str, Artifact]:
        """The files of a folder artifact by relative path, sorted."""
        return dict(sorted(_TREE_ADAPTER.validate_json(self.read(artifact)).items()))

    def is_whole(self, artifact: Artifact) -> bool:
        """Whether the bytes are there and match the digest; for a folder, of every file in it."""
        return self.damaged(artifact) is None

    def damaged(self, artifact: Artifact) -> Path | None:
        """The first file of an artifact that is missing, cannot be read or does not match its digest; None: whole."""
        path = self.path(artifact)
        try:
            with path.open("rb") as file:
                if hashlib.file_digest(file, "sha256").hexdigest() != artifact.sha256:
                    return path
        except OSError:
            return path
        files = self.tree(artifact).values() if artifact.media_type == TREE else ()
        return next((found for file in files if (found := self.damaged(file))), None)

    def manifest(self, stage: str, key: str) -> Manifest | None:
        """The manifest under this key, or None while the step is unfinished; a damaged one counts as none."""
        path = self._manifest_path(stage, key)
        try:
            return Manifest.model_validate_json(path.read_bytes())
        except FileNotFoundError:
            return None
        except ValidationError:
            log.warning("%s is damaged: its step is done again", path)
            return None

    def commit(self, manifest: Manifest, instead_of: Manifest | None = None) -> Manifest:
        """Write a manifest; the first writer wins. Returns the one that stands, which may be another writer's.

        `instead_of` names a manifest whose artifacts are damaged: it is replaced if it still stands, and only then.
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
        """Remember which manifest a plan's step led to."""
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
        """A new empty folder for work in progress. Clears away what killed steps left behind days ago."""
        path = self.root / "scratch" / f"{key[:16]}-{os.getpid()}-{uuid.uuid4().hex[:8]}"
        for old in path.parent.iterdir():
            with suppress(FileNotFoundError):  # another step clears away too
                if old.lstat().st_mtime < time.time() - LEFT_BEHIND_SECONDS:
                    shutil.rmtree(old) if old.is_dir() else old.unlink()
        with writing(self.root):
            path.mkdir()
        return path

    def _manifest_path(self, stage: str, key: str) -> Path:
        return self.root / "manifests" / stage / f"{key}.json"

    def _write(self, path: Path, data: bytes) -> None:
        write_whole(path, data, self.root / "scratch" / f"{uuid.uuid4().hex}.part")

    @contextmanager
    def _locked(self, path: Path) -> Iterator[None]:
        """Hold an exclusive lock; it goes with the process, so a kill leaves none behind."""
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.with_suffix(".lock").open("w") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            yield


@contextmanager
def writing(folder: Path) -> Iterator[None]:
    """Raise StoreFull when the disk of `folder` has no room, CatalogError when nothing may be written there."""
    try:
        yield
    except OSError as error:
        if error.errno in FULL:
            raise store_full(error) from error
        which = f" ({error.filename})" if error.filename else ""
        raise CatalogError(
            f"the folder {folder} cannot be written: {error.strerror}{which}",
            remedy="let this user write there, or name another folder in CATALOG_STORE",
        ) from error


def write_whole(path: Path, data: bytes, part: Path) -> None:
    """Write a file whole or not at all, by way of `part`, a new name on the same disk. Raises as `writing`."""
    with writing(path.parent):
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            part.write_bytes(data)
            part.replace(path)
        finally:
            part.unlink(missing_ok=True)


def store_full(error: OSError) -> StoreFull:
    """What to say of a disk without room, which is the store's or that of a step's scratch folder."""
    where = f"to write {error.filename}" if error.filename else "in the store (CATALOG_STORE) or its scratch folder"
    return StoreFull(
        f"no room left {where}: {os.strerror(error.errno or errno.ENOSPC)}",
        remedy="free disk space or enlarge the store, then run again: finished work is kept",
    )
