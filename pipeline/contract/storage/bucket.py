"""A store's files in a bucket, with copies of its objects on this machine."""

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from io import BufferedIOBase
from pathlib import Path
from typing import TypeVar

from pipeline.contract.storage.base import object_name
from pipeline.contract.storage.disk import writing
from pipeline.core.bucket.client import Bucket
from pipeline.core.disk_cache import DiskCache
from pipeline.core.stored import Listed, Stored

T = TypeVar("T")
R = TypeVar("R")

AT_ONCE = 8  # requests that wait for the service at the same time


class BucketStorage:
    """A `Storage` in a bucket. Its objects are fetched once and kept in `root`, the longest unused up to a limit."""

    def __init__(self, bucket: Bucket, root: Path, limit_bytes: int) -> None:
        """`root`: a folder on this machine, created if missing; several processes may share it.

        `limit_bytes`: of the copies. A step's own objects are kept while it runs, even beyond the limit. Raises
        StoreFull, or CatalogError if the folder cannot be written.
        """
        self.bucket, self.root = bucket, root.absolute()
        with writing(self.root):
            (self.root / "scratch").mkdir(parents=True, exist_ok=True)
        self.copies = DiskCache(self.root / "objects", limit_bytes, AT_ONCE)

    def where(self, name: str) -> str:
        """See `Storage`."""
        return self.bucket.url / name

    def read(self, name: str) -> Stored | None:
        """See `Storage`."""
        return self.bucket.read(name)

    def write(self, name: str, data: bytes) -> None:
        """See `Storage`."""
        self.bucket.write(name, data)

    def swap(self, name: str, data: bytes, instead_of: Stored | None) -> bool:
        """See `Storage`."""
        return self.bucket.swap(name, data, instead_of)

    def delete(self, name: str) -> None:
        """See `Storage`."""
        self.bucket.delete(name)

    def list(self, folder: str) -> Iterable[Listed]:
        """See `Storage`."""
        return self.bucket.list(folder)

    def parts(self, name: str) -> Iterator[bytes]:
        """See `Storage`."""
        return self.bucket.parts(name)

    def size_of(self, sha256: str) -> int | None:
        """See `Storage`."""
        return self.bucket.size(object_name(sha256))

    def put_object(self, sha256: str, data: bytes) -> None:
        """See `Storage`. A copy is kept, because the next step is likely to read it."""
        self.bucket.write(object_name(sha256), data)
        self.copies.put(sha256, data)

    def open_object(self, sha256: str) -> BufferedIOBase:
        """See `Storage`."""
        return self.copies.open(sha256, lambda: self._fetched(sha256))

    def object_file(self, sha256: str, folder: Path) -> Path:
        """See `Storage`. It is another name of the copy, so that the limit does not take it from a running step."""
        path = folder / "objects" / sha256
        if not path.exists():
            with writing(folder):
                path.parent.mkdir(parents=True, exist_ok=True)
            self.copies.link(sha256, lambda: self._fetched(sha256), path)
        return path

    def forget(self, sha256: str) -> bool:
        """See `Storage`."""
        return self.copies.drop(sha256)

    def each(self, work: Callable[[T], R], values: Iterable[T]) -> Iterator[R]:
        """See `Storage`."""
        with ThreadPoolExecutor(AT_ONCE) as pool:
            yield from pool.map(work, values)

    def _fetched(self, sha256: str) -> bytes:
        stored = self.bucket.read(object_name(sha256))
        if stored is None:
            raise FileNotFoundError(self.where(object_name(sha256)))
        return stored.data
