"""Keeps a folder equal to a list of finished files, writing only what differs.

Files are copies. A hard link would let an edit of a fetched file change the store; a copy is also checked while it is
made. Nothing that fetch did not write is overwritten or deleted.
"""

import fcntl
import hashlib
import itertools
import os
import shutil
import stat
import uuid
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

from pipeline.contract.storage.disk import FULL
from pipeline.contract.store import Store
from pipeline.core.domain import Frozen
from pipeline.core.errors import BadInput, CatalogError, StoreFull, brief, readable
from pipeline.fetch.listing import FetchedFile, Row, manifest_csv, read_manifest
from pipeline.fetch.names import MANIFEST, folded

PARTS = ".fetch"  # folder of half-written files, below the folder itself
NO_PLAIN_FILE = "no plain file"  # in place of a digest
Progress = Callable[[int, int, str], None]


class Fetched(Frozen):
    """What a fetch did; names are paths below `folder`.

    `kept`: new name of each file that was changed in the folder and made way for the catalog's. `left`: files of assets
    that are not in the selection any more, which were changed in the folder and therefore stay.
    """

    folder: str
    written: tuple[str, ...]
    unchanged: int
    removed: tuple[str, ...]
    kept: dict[str, str]
    left: tuple[str, ...]


def fetch(
    store: Store, files: Sequence[FetchedFile], out: Path, progress: Progress = lambda _done, _total, _text: None
) -> Fetched:
    """Make the folder `out` hold these files and their `manifest.csv`.

    A file is written if its bytes are not the catalog's. One that an earlier fetch wrote and that is in the list no
    more is removed unless it was changed. A damaged file of the store leaves out that file alone, and is named by the
    CatalogError at the end. Raises StoreFull when the disk is full; what was fetched stays, and the next call goes on.
    Raises BadInput when the folder holds files but no manifest, or cannot be written.
    """
    with _claimed(out):
        return _Folder(store, out).fetch(files, progress)


class _Folder:
    """A claimed folder. `rows`: what its manifest says of each file, kept up to date while files are written."""

    def __init__(self, store: Store, out: Path) -> None:
        self.store = store
        self.out = out
        self.rows: dict[str, Row] = read_manifest(out / MANIFEST)
        self.saved = manifest_csv(self.rows.values())
        self.kept: dict[str, str] = {}

    def fetch(self, files: Sequence[FetchedFile], progress: Progress) -> Fetched:
        """Remove, then write, then write the manifest, also when an error ends the work.

        Removing first makes room, also for a folder where a file was.
        """
        written, damaged = [], []
        try:
            removed, left = self._remove_others(files)
            for done, file in enumerate(files):
                progress(done, len(files), file.file)
                try:
                    if self._write(file):
                        written.append(file.file)
                except DamagedFile as error:
                    damaged.append(f"{error.what} ({file.asset_id})")
        finally:
            self._save()
        if damaged:
            raise CatalogError(
                f"{len(damaged)} of {len(files)} files could not be fetched: {brief(damaged)}",
                remedy="Run their shoots again, which makes the files again, then fetch again",
            )
        return Fetched(
            folder=str(self.out),
            written=tuple(written),
            unchanged=len(files) - len(written),
            removed=removed,
            kept=self.kept,
            left=left,
        )

    def _write(self, file: FetchedFile) -> bool:
        """Write the file unless its bytes are there. Returns whether it was written."""
        path = self.out / file.file
        self._require_inside(path)
        digest = _digest(path)
        if digest == file.sha256:
            self.rows[file.file] = file.row
            return False
        part = self.out / PARTS / uuid.uuid4().hex
        try:
            self._copy(file, part)
            with _writing(path):
                path.parent.mkdir(parents=True, exist_ok=True)
                if digest is not None and not self._is_ours(file.file, digest):
                    self.kept[file.file] = _put_aside(path).relative_to(self.out).as_posix()
                part.replace(path)
        finally:
            part.unlink(missing_ok=True)
        self.rows[file.file] = file.row
        return True

    def _copy(self, file: FetchedFile, part: Path) -> None:
        """Copy the file's bytes and check them. Raises DamagedFile when the store's are missing or damaged."""
        parts = self.store.parts(file.artifact)
        with _writing(self.out / file.file), part.open("wb") as copy:
            while data := _next(parts):
                copy.write(data)

    def _is_ours(self, name: str, digest: str) -> bool:
        """Whether these bytes are what a fetch wrote: the manifest says so, or they are in the store anyhow."""
        row = self.rows.get(name)
        return (row is not None and row["sha256"] == digest) or self.store.size_of(digest) is not None

    def _remove_others(self, files: Sequence[FetchedFile]) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """Remove the manifest's files that are not in the list. Returns those removed, and those left as changed."""
        wanted = {folded(file.file): file.file for file in files}
        removed, left = [], []
        for name in sorted(set(self.rows) - set(wanted.values())):
            path = self.out / name
            respelled = folded(name) in wanted and _is_same(path, self.out / wanted[folded(name)])
            digest = None if respelled or self._leads_outside(path) else _digest(path)
            if digest == self.rows[name]["sha256"]:
                with _writing(path):
                    path.unlink()
                removed.append(name)
                self._remove_empty_folders(path.parent)
            elif digest is not None:
                left.append(name)
            del self.rows[name]
        return tuple(removed), tuple(left)

    def _remove_empty_folders(self, folder: Path) -> None:
        with suppress(OSError):  # not empty
            while folder != self.out:
                folder.rmdir()
                folder = folder.parent

    def _require_inside(self, path: Path) -> None:
        if self._leads_outside(path):
            raise BadInput(
                f"{path.parent} is a link that leads out of {self.out}", remedy="Remove the link, or fetch elsewhere"
            )

    def _leads_outside(self, path: Path) -> bool:
        return not path.parent.resolve().is_relative_to(self.out.resolve())

    def _save(self) -> None:
        data = manifest_csv(self.rows.values())
        if data != self.saved:
            _write_manifest(self.out, data)


class DamagedFile(CatalogError):
    """A file of the store is missing, unreadable or damaged."""


def _next(parts: Iterator[bytes]) -> bytes:
    """The next part, empty after the last. Raises DamagedFile."""
    try:
        return next(parts, b"")
    except CatalogError as error:
        raise DamagedFile(error.what, remedy=error.remedy) from None


@contextmanager
def _claimed(out: Path) -> Iterator[None]:
    """Lock the folder, which must be new, empty or of an earlier fetch, and remove what a killed fetch left."""
    parts = out / PARTS
    with _locked(out):
        is_new = not (out / MANIFEST).exists()
        if is_new:
            _require_empty(out)
        with _writing(parts):
            shutil.rmtree(parts, ignore_errors=True)
            parts.mkdir()
        try:
            if is_new:
                _write_manifest(out, manifest_csv(()))
            yield
        finally:
            shutil.rmtree(parts, ignore_errors=True)


@contextmanager
def _locked(out: Path) -> Iterator[None]:
    """Make the folder if it is missing, and lock it. Raises BadInput when another fetch has."""
    with _writing(out):
        out.mkdir(parents=True, exist_ok=True)
        folder = os.open(out, os.O_RDONLY | os.O_DIRECTORY)
    try:
        try:
            fcntl.flock(folder, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise BadInput(f"another fetch is writing to {out}", remedy="Wait until it has ended") from None
        yield
    finally:
        os.close(folder)


def _require_empty(out: Path) -> None:
    with readable():
        others = sorted(path.name for path in out.iterdir() if path.name != PARTS)
    if others:
        raise BadInput(
            f"{out} has files but no {MANIFEST} of an earlier fetch: {brief(others)}",
            remedy="Choose an empty or a new folder",
        )


def _write_manifest(out: Path, data: bytes) -> None:
    part = out / PARTS / uuid.uuid4().hex
    with _writing(out / MANIFEST):
        part.write_bytes(data)
        part.replace(out / MANIFEST)


@contextmanager
def _writing(path: Path) -> Iterator[None]:
    """Raise StoreFull if the disk is full, BadInput if `path` cannot be written for another reason."""
    try:
        yield
    except OSError as error:
        if error.errno in FULL:
            raise StoreFull(
                f"no room left to write {path}",
                remedy="Free disk space, then fetch again: what is fetched already stays",
            ) from error
        raise BadInput(
            f"{path} cannot be written: {error.strerror}", remedy="Choose a folder where this user may write"
        ) from error


def _digest(path: Path) -> str | None:
    """The SHA-256 of a file's bytes; None if nothing has this name. Raises BadInput when it cannot be read."""
    try:
        mode = path.lstat().st_mode
    except (FileNotFoundError, NotADirectoryError):
        return None
    if not stat.S_ISREG(mode):
        return NO_PLAIN_FILE
    with readable(), path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _is_same(path: Path, other: Path) -> bool:
    """Whether both names lead to one file, as on a file system that ignores case."""
    return path.exists() and other.exists() and path.samefile(other)


def _put_aside(path: Path) -> Path:
    """Rename a file, or what else has this name, to a new name beside it."""
    for number in itertools.count(1):
        aside = path.with_name(f"{path.stem}.changed-{number}{path.suffix}")
        if not os.path.lexists(aside):
            break
    return path.rename(aside)
