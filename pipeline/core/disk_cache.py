"""A folder of files that can be made or fetched again, with a size limit: the longest unused go first."""

import io
import os
import tempfile
import threading
from collections.abc import Callable
from contextlib import suppress
from hashlib import sha256
from io import BufferedIOBase
from pathlib import Path
from typing import TypeVar

from pipeline.core.errors import CatalogError

T = TypeVar("T")

LIMIT_BYTES = 2 * 10**9
AT_ONCE = 2  # a picture of 100 megapixels takes 400 MB while it is decoded
SHARE_KEPT = 0.8  # of the limit, so that not every new file searches the folder
SWEEP_SHARE = 0.05  # of the limit, written by this process since it last looked


class DiskCache:
    """Made files by key. Several processes may share the folder: every file appears by rename, whole or not at all."""

    def __init__(self, folder: Path, limit_bytes: int = LIMIT_BYTES, at_once: int = AT_ONCE) -> None:
        """Use `folder`, which is created with the first file. `at_once`: how many files are made at the same time."""
        self.folder, self.limit_bytes = folder, limit_bytes
        self._making = threading.Semaphore(at_once)
        self._written_bytes = limit_bytes  # the first file looks at what earlier processes left

    def get(self, key: str, make: Callable[[], bytes]) -> bytes:
        """The file made for `key`; calls `make` if there is none yet. Raises what `make` raises."""
        return self._used(key, make, Path.read_bytes, lambda data: data)

    def open(self, key: str, make: Callable[[], bytes]) -> BufferedIOBase:
        """The file made for `key`, open; it can be read to its end even when the cache removes it meanwhile."""
        return self._used(key, make, lambda path: path.open("rb"), io.BytesIO)

    def link(self, key: str, make: Callable[[], bytes], target: Path) -> None:
        """Give the file made for `key` another name, on the same disk, that stays when the cache removes its own."""

        def link(path: Path) -> None:
            with suppress(FileExistsError):  # another thread was faster
                target.hardlink_to(path)

        def write(data: bytes) -> None:
            target.write_bytes(data)

        self._used(key, make, link, write)

    def put(self, key: str, data: bytes) -> None:
        """Keep the file of `key`, which has been made already."""
        self._write(self._path(key), data)

    def drop(self, key: str) -> bool:
        """Remove the file of `key`. Returns whether there was one."""
        try:
            self._path(key).unlink()
        except FileNotFoundError:
            return False
        return True

    def _used(self, key: str, make: Callable[[], bytes], use: Callable[[Path], T], whole: Callable[[bytes], T]) -> T:
        """What `use` returns for the file of `key`, or, if that has to be made, `whole` for its bytes."""
        path = self._path(key)
        with suppress(FileNotFoundError):
            return _marked(path, use)
        with self._making:
            with suppress(FileNotFoundError):
                return _marked(path, use)
            data = make()
            self._write(path, data)
        return whole(data)

    def _path(self, key: str) -> Path:
        digest = sha256(key.encode()).hexdigest()
        return self.folder / digest[:2] / digest

    def _write(self, path: Path, data: bytes) -> None:
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            with tempfile.NamedTemporaryFile(dir=path.parent, prefix=".new-", delete=False) as file:
                file.write(data)
            Path(file.name).replace(path)
        except OSError as error:
            raise CatalogError(
                f"{path} cannot be written: {error.strerror}", remedy="Let this user write there, or free disk space"
            ) from error
        self._written_bytes += len(data)
        if self._written_bytes >= SWEEP_SHARE * self.limit_bytes:
            self._written_bytes = 0
            self._sweep()

    def _sweep(self) -> None:
        """Remove the longest unused files until the rest fits well into the limit."""
        found = [(status.st_mtime_ns, status.st_size, path) for path, status in _files(self.folder)]
        size = sum(size for _, size, _ in found)
        if size <= self.limit_bytes:
            return
        for _, size_bytes, path in sorted(found):
            path.unlink(missing_ok=True)
            size -= size_bytes
            if size <= SHARE_KEPT * self.limit_bytes:
                return


def _files(folder: Path) -> list[tuple[Path, os.stat_result]]:
    """Every file of the cache with its status, without those that another process has just removed."""
    found = []
    for path in folder.glob("*/*"):
        with suppress(FileNotFoundError):
            found.append((path, path.stat()))
    return found


def _marked(path: Path, use: Callable[[Path], T]) -> T:
    """What `use` returns for a file, which is marked as used now. Raises FileNotFoundError, or CatalogError."""
    try:
        os.utime(path)
        return use(path)
    except FileNotFoundError:
        raise
    except OSError as error:
        raise CatalogError(f"{path} cannot be read: {error.strerror}", remedy="Let this user read it") from error
