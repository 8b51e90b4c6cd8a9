"""Shoots in a bucket as folders on this machine: the outlines of all, and the files of those that are planned.

An outline has every file of a shoot with its size and time but without its bytes, except shoot.yaml. That is enough to
see which shoots are new or changed, and takes no room. A shoot that is still being uploaded keeps its last outline.
"""

import fcntl
import hashlib
import logging
import os
import shutil
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, contextmanager, nullcontext, suppress
from pathlib import Path, PurePosixPath
from typing import NamedTuple

from pipeline.contract.artifact import checked_tree_path
from pipeline.contract.storage.disk import writing
from pipeline.core.bucket.client import Bucket, Patience
from pipeline.core.bucket.url import BucketUrl
from pipeline.core.domain import Frozen
from pipeline.core.errors import BadInput
from pipeline.core.shoot_files import is_shoot_file
from pipeline.core.stored import Listed

log = logging.getLogger(__name__)

COMPLETE = ".complete"  # a file that says: everything that changed before it is there
READ_AT_ONCE = frozenset({"shoot.yaml", COMPLETE})
AT_ONCE = 8  # photos of a shoot
OUTLINES_AT_ONCE = 32  # each waits for a file of a kilobyte


class Waiting(Frozen):
    """A shoot that this run leaves alone because it is still being uploaded. `source`: its URL."""

    source: str
    reason: str


def own_path(folder: Path) -> str:
    """Where a shoot comes from that lies on this machine."""
    return str(folder.resolve())


class ShootsFolder(NamedTuple):
    """A folder of shoots.

    `fetched`: within it, the photos of one can be read; `source`: where one comes from; `waiting`: those that are still
    being uploaded.
    """

    path: Path
    fetched: Callable[[Path], AbstractContextManager[object]] = nullcontext
    source: Callable[[Path], str] = own_path
    waiting: Sequence[Waiting] = ()


class Mirror:
    """The shoots in one folder of a bucket."""

    def __init__(self, url: BucketUrl, cache: Path, quiet_minutes: float, patience: Patience | None = None) -> None:
        """`cache`: see CATALOG_CACHE; `quiet_minutes`: see CATALOG_QUIET_MINUTES."""
        self.url, self.cache, self.quiet_seconds = url, cache.absolute(), quiet_minutes * 60
        self.root = _folder_of(url, self.cache)
        self._bucket = Bucket(url, patience)

    def outline(self) -> list[Waiting]:
        """Bring the folders of all shoots up to date, without their photos. Returns the shoots that wait.

        Raises CatalogError if the bucket or the folder cannot be used.
        """
        now = time.time()
        shoots = _by_shoot(self._bucket.list())
        waiting = []
        with writing(self.root):
            self.root.mkdir(parents=True, exist_ok=True)
            self._remove_others(set(shoots))
            changed = []
            for name, files in shoots.items():
                if reason := why_waiting(name, files, now, self.quiet_seconds):
                    waiting.append(Waiting(source=str(self.url.folder(name)), reason=reason))
                elif not self._is_outlined(self.root / name, files):
                    changed.append((self.root / name, files))
            with ThreadPoolExecutor(OUTLINES_AT_ONCE) as pool:
                list(pool.map(lambda each: self._outline(*each), changed))
        return waiting

    @contextmanager
    def fetched(self, folder: Path) -> Iterator[None]:
        """Within it, the files of one outlined shoot have their bytes. Raises as `outline` does."""
        with _locked(self.cache, folder, wait=True):
            files = [path for path in folder.rglob("*") if path.is_file() and path.name not in READ_AT_ONCE]
            try:
                with ThreadPoolExecutor(AT_ONCE) as pool:
                    list(pool.map(self._fetch, files))
                yield
            finally:
                for path in files:
                    _empty(path, path.stat().st_size, path.stat().st_mtime_ns)

    def _is_outlined(self, folder: Path, files: Sequence[Listed]) -> bool:
        """Whether a folder has exactly these files; while they are fetched, too, for that keeps sizes and times."""
        start = len(str(self.root)) + 1
        return {(file.name, file.size, file.modified_ns) for file in files} == {
            (entry.path[start:], entry.stat().st_size, entry.stat().st_mtime_ns) for entry in _files_below(str(folder))
        }

    def _outline(self, folder: Path, files: Sequence[Listed]) -> None:
        with _locked(self.cache, folder, wait=False) as is_ours:
            if is_ours:  # else another process reads this shoot's files
                self._write_outline(folder, files)

    def _write_outline(self, folder: Path, files: Sequence[Listed]) -> None:
        wanted = {self.root / file.name: file for file in files}
        for path in [path for path in folder.rglob("*") if path.is_file() and path not in wanted]:
            path.unlink()
        for path, file in wanted.items():
            path.parent.mkdir(parents=True, exist_ok=True)
            with suppress(FileNotFoundError):
                if (path.stat().st_size, path.stat().st_mtime_ns) == (file.size, file.modified_ns):
                    continue
            _empty(path, file.size, file.modified_ns)
            if path.name in READ_AT_ONCE:
                self._fetch(path)

    def _fetch(self, path: Path) -> None:
        """Fill an outlined file; it keeps its time, so that a change since then is seen by the next run."""
        name, modified_ns = path.relative_to(self.root).as_posix(), path.stat().st_mtime_ns
        stored = self._bucket.read(name)
        if stored is None or len(stored.data) != path.stat().st_size:
            raise BadInput(f"{self.url / name} changed while it was read", remedy="Run again when it is uploaded")
        with writing(path.parent):
            path.write_bytes(stored.data)
            os.utime(path, ns=(modified_ns, modified_ns))

    def _remove_others(self, names: set[str]) -> None:
        """Remove the folders of shoots that the bucket no longer has."""
        held = [folder for folder, _, files in os.walk(self.root) if any(map(is_shoot_file, files))]
        for folder in map(Path, held):
            if folder.relative_to(self.root).as_posix() not in names:
                shutil.rmtree(folder)


def why_waiting(shoot: str, files: Sequence[Listed], now: float, quiet_seconds: float) -> str:
    """Why a shoot is not complete yet; empty if it is.

    It is complete when it has a file `.complete` that is no older than its other files, or when none of them has
    changed for `quiet_seconds`.
    """
    complete = str(PurePosixPath(shoot) / COMPLETE)
    marker = [file.modified_ns for file in files if file.name == complete]
    others = [file.modified_ns for file in files if file.name != complete]
    quiet = now - max(others) / 1e9
    if (marker and marker[0] >= max(others)) or quiet >= quiet_seconds:
        return ""
    return (
        f"its upload may not be complete: a file changed {max(0.0, quiet) / 60:.0f} minutes ago, "
        f"and it has no {COMPLETE} as new as that"
    )


def source_of(folder: Path, cache: Path) -> str:
    """Where a shoot's folder comes from: the URL of one that is mirrored, else its own path."""
    real, mirrors = folder.resolve(), _mirrors(cache).resolve()
    if not real.is_relative_to(mirrors):
        return str(real)
    scheme, bucket, *prefix = real.relative_to(mirrors).parts
    return str(BucketUrl(scheme, bucket, "/".join(prefix)))


@contextmanager
def shoot_at(url: BucketUrl, cache: Path, quiet_minutes: float) -> Iterator[Path]:
    """The folder of one shoot in a bucket, with the bytes of its files. Raises BadInput if it waits."""
    mirror = Mirror(url, cache, quiet_minutes)
    waiting = mirror.outline()
    if waiting:
        raise BadInput(
            f"{url} waits: {waiting[0].reason}", remedy=f"Upload a file {COMPLETE} last, or set CATALOG_QUIET_MINUTES"
        )
    with mirror.fetched(mirror.root):
        yield mirror.root


def _folder_of(url: BucketUrl, cache: Path) -> Path:
    return _mirrors(cache).joinpath(url.scheme, url.bucket, *filter(None, url.prefix.split("/")))


def _mirrors(cache: Path) -> Path:
    return cache.absolute() / "shoots"


def _by_shoot(listed: Sequence[Listed]) -> dict[str, list[Listed]]:
    """The files of a listing by the folder of the shoot that they belong to; those of no shoot are passed over."""
    parents = {parent for file in listed for parent in _parents(file.name)}
    files = [file for file in listed if file.name not in parents and _is_usable(file.name)]
    shoots = {next(_parents(file.name)) for file in files if is_shoot_file(file.name.rpartition("/")[2])}
    by_shoot: dict[str, list[Listed]] = {name: [] for name in sorted(shoots)}
    for file in files:
        owner = next((parent for parent in _parents(file.name) if parent in shoots), None)
        if owner is not None:
            by_shoot[owner].append(file)
    return by_shoot


def _parents(name: str) -> Iterator[str]:
    """The folders above a file, the nearest first and `.` last. A Path for each of 240,000 files takes a minute."""
    while name != ".":
        name = name.rpartition("/")[0] or "."
        yield name


def _files_below(folder: str) -> Iterator[os.DirEntry[str]]:
    """Every file below a folder; none where there is no folder."""
    with suppress(FileNotFoundError), os.scandir(folder) as entries:
        for entry in entries:
            if entry.is_dir(follow_symlinks=False):
                yield from _files_below(entry.path)
            else:
                yield entry


def _is_usable(name: str) -> bool:
    """Whether an object can be a file here. What macOS adds to each file (`._name`) is passed over."""
    if name.rpartition("/")[2].startswith("._"):
        return False
    try:
        checked_tree_path(name)
    except BadInput as error:
        log.warning("the bucket's object %r is passed over: %s", name, error)
        return False
    return True


def _empty(path: Path, size: int, modified_ns: int) -> None:
    """Make the file one of this size that takes no room."""
    with path.open("wb") as file:
        file.truncate(size)
    os.utime(path, ns=(modified_ns, modified_ns))


@contextmanager
def _locked(cache: Path, folder: Path, *, wait: bool) -> Iterator[bool]:
    """Lock a shoot's folder against other processes. Yields whether it is ours; always true with `wait`."""
    locks = cache / "locks"
    with writing(locks):
        locks.mkdir(parents=True, exist_ok=True)
        file = (locks / hashlib.sha256(str(folder).encode()).hexdigest()).open("w")
    with file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX if wait else fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            yield False
            return
        yield True
