"""A store's files in a folder: on one machine, or on a file system that several machines mount."""

import errno
import fcntl
import os
import uuid
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from io import BufferedIOBase
from pathlib import Path
from typing import TypeVar

from pipeline.contract.storage.base import object_name
from pipeline.core.errors import CatalogError, StoreFull
from pipeline.core.stored import Listed, Stored

T = TypeVar("T")
R = TypeVar("R")

PART_BYTES = 2**20
FULL = frozenset({errno.ENOSPC, errno.EDQUOT})


class Disk:
    """A `Storage` in a folder. Every file appears by rename, whole or not at all."""

    def __init__(self, root: Path) -> None:
        """Use the folder `root`, creating it if missing. Raises StoreFull, or CatalogError if it cannot be written."""
        self.root = root.absolute()
        with writing(self.root):
            for name in ("objects", "manifests", "plans", "snapshots", "scratch"):
                (self.root / name).mkdir(parents=True, exist_ok=True)

    def where(self, name: str) -> str:
        """See `Storage`."""
        return str(self.root / name)

    def read(self, name: str) -> Stored | None:
        """See `Storage`."""
        try:
            return Stored((self.root / name).read_bytes())
        except FileNotFoundError:
            return None

    def write(self, name: str, data: bytes) -> None:
        """See `Storage`."""
        write_whole(self.root / name, data, self.root / "scratch" / f"{uuid.uuid4().hex}.part")

    def swap(self, name: str, data: bytes, instead_of: Stored | None) -> bool:
        """See `Storage`."""
        with writing(self.root), self._locked(self.root / name):
            if self.read(name) != instead_of:
                return False
            self.write(name, data)
        return True

    def delete(self, name: str) -> None:
        """See `Storage`."""
        (self.root / name).unlink(missing_ok=True)

    def list(self, folder: str) -> Iterator[Listed]:
        """See `Storage`. Without the locks."""
        for path in (self.root / folder).rglob("*"):
            with suppress(FileNotFoundError):  # removed meanwhile
                status = path.stat()
                if path.suffix != ".lock" and not path.is_dir():
                    yield Listed(path.relative_to(self.root).as_posix(), status.st_size, status.st_mtime_ns)

    def parts(self, name: str) -> Iterator[bytes]:
        """See `Storage`."""
        with (self.root / name).open("rb") as file:
            while part := file.read(PART_BYTES):
                yield part

    def size_of(self, sha256: str) -> int | None:
        """See `Storage`."""
        path = self.root / object_name(sha256)
        return path.stat().st_size if path.is_file() else None

    def put_object(self, sha256: str, data: bytes) -> None:
        """See `Storage`."""
        self.write(object_name(sha256), data)

    def open_object(self, sha256: str) -> BufferedIOBase:
        """See `Storage`."""
        return (self.root / object_name(sha256)).open("rb")

    def object_file(self, sha256: str, folder: Path) -> Path:  # noqa: ARG002 - an object in a folder stays anyway
        """See `Storage`."""
        return self.root / object_name(sha256)

    def forget(self, sha256: str) -> bool:  # noqa: ARG002 - there are no copies
        """See `Storage`."""
        return False

    def each(self, work: Callable[[T], R], values: Iterable[T]) -> Iterator[R]:
        """See `Storage`."""
        return map(work, values)

    @contextmanager
    def _locked(self, path: Path) -> Iterator[None]:
        """Hold an exclusive lock. It is released with the process, so a kill leaves none behind."""
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.with_suffix(".lock").open("w") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            yield


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
