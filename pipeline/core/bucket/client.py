"""Reads and writes the objects of a folder in a bucket, through obstore. Credentials come from the environment only."""

import os
import re
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from functools import cached_property
from typing import TYPE_CHECKING, Literal, TypeVar

import obstore
from obstore.exceptions import AlreadyExistsError, BaseError, GenericError, PreconditionError
from obstore.store import AzureStore, GCSStore, S3Store

from pipeline.core.bucket.url import BucketUrl
from pipeline.core.errors import CatalogError
from pipeline.core.stored import Listed, Stored, Version

if TYPE_CHECKING:
    from obstore import UpdateVersion
    from obstore.store import ClientConfig, ObjectStore, RetryConfig

T = TypeVar("T")

PART_BYTES = 8 * 2**20  # of a multipart upload; smaller objects are sent whole
ADDRESSES = ("AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT", "AZURE_STORAGE_ENDPOINT")  # of other services
DENIED = "Give this machine credentials in its environment that may list, read, write and delete there"
UNREACHABLE = "Check the network and the address of the service, then run again: finished work is kept"


@dataclass(frozen=True)
class Patience:
    """How long to wait for a service, and how often to try again. Waits double up to the longest."""

    connect_seconds: float = 5.0
    read_seconds: float = 30.0
    request_seconds: float = 600.0
    retries: int = 6
    first_wait_seconds: float = 0.2
    longest_wait_seconds: float = 10.0
    rounds: int = 3

    def waits(self) -> Iterator[float]:
        """What to wait after each round that failed. Each round is up to `retries` requests."""
        return (min(self.first_wait_seconds * 2**number, self.longest_wait_seconds) for number in range(self.rounds))


class Bucket:
    """The objects in one folder of a bucket, by their names below it.

    Every method raises CatalogError when the service cannot be reached or refuses.
    """

    def __init__(self, url: BucketUrl, patience: Patience | None = None) -> None:
        """Nothing is sent yet: a process that forks must not have begun to talk."""
        self.url, self.patience = url, patience or Patience()

    def read(self, name: str) -> Stored | None:
        """An object's bytes and version, or None if there is none. Never part of its bytes."""

        def once() -> Stored:
            result = obstore.get(self._store, name)
            version = Version(result.meta["e_tag"], result.meta["version"])
            return Stored(result.bytes().to_bytes(), version)

        return self._tried(name, once)

    def parts(self, name: str) -> Iterator[bytes]:
        """Yield an object's bytes in parts. Raises FileNotFoundError if there is none."""
        size = self.size(name)
        if size is None:
            raise FileNotFoundError(self.url / name)
        for start in range(0, size, PART_BYTES):
            part = self._range(name, start, min(PART_BYTES, size - start))
            if part is None:
                raise FileNotFoundError(self.url / name)
            yield part

    def size(self, name: str) -> int | None:
        """An object's size in bytes, or None if there is none."""
        return self._tried(name, lambda: obstore.head(self._store, name)["size"])

    def write(self, name: str, data: bytes) -> None:
        """Write an object, whole or not at all; in parts at the same time if it is large."""
        if self._tried(name, lambda: obstore.put(self._store, name, data, chunk_size=PART_BYTES)) is None:
            raise self._no_bucket()

    def swap(self, name: str, data: bytes, instead_of: Stored | None) -> bool:
        """Write an object if it is still `instead_of` (None: if there is none). Returns whether it was written.

        An answer may get lost on its way: when a later try finds these very bytes, the earlier one wrote them.
        """

        def once() -> bool:
            try:
                obstore.put(self._store, name, data, mode=_mode(instead_of), use_multipart=False)
            except (AlreadyExistsError, PreconditionError):
                standing = self.read(name)
                return standing is not None and standing.data == data
            return True

        written = self._tried(name, once)
        if written is None and instead_of is None:
            raise self._no_bucket()
        return bool(written)

    def delete(self, name: str) -> None:
        """Delete an object, if there is one."""
        self._tried(name, lambda: obstore.delete(self._store, name))

    def list(self, folder: str = "") -> list[Listed]:
        """Every object below a folder of this one."""

        def once() -> list[Listed]:
            chunks = obstore.list(self._store, folder or None, chunk_size=1000)
            return [
                Listed(meta["path"], meta["size"], int(meta["last_modified"].timestamp() * 1000) * 10**6)
                for chunk in chunks
                for meta in chunk
            ]

        listed = self._tried(folder, once)
        if listed is None:
            raise self._no_bucket()
        return listed

    @cached_property
    def _store(self) -> "ObjectStore":
        kinds: dict[str, Callable[..., ObjectStore]] = {"s3": S3Store, "gs": GCSStore, "az": AzureStore}
        return kinds[self.url.scheme](
            self.url.bucket,
            prefix=self.url.prefix or None,
            client_options=self._client_options(),
            retry_config=self._retry_config(),
        )

    def _client_options(self) -> "ClientConfig":
        return {
            "allow_http": any(os.environ.get(name, "").startswith("http://") for name in ADDRESSES),
            "connect_timeout": timedelta(seconds=self.patience.connect_seconds),
            "read_timeout": timedelta(seconds=self.patience.read_seconds),
            "timeout": timedelta(seconds=self.patience.request_seconds),
        }

    def _retry_config(self) -> "RetryConfig":
        return {
            "max_retries": self.patience.retries,
            "retry_timeout": timedelta(seconds=180),
            "backoff": {
                "init_backoff": timedelta(seconds=self.patience.first_wait_seconds),
                "max_backoff": timedelta(seconds=self.patience.longest_wait_seconds),
                "base": 2,
            },
        }

    def _range(self, name: str, start: int, length: int) -> bytes | None:
        def once() -> bytes:
            data = obstore.get_range(self._store, name, start=start, length=length).to_bytes()
            if len(data) != length:
                raise GenericError(f"{len(data)} bytes came instead of {length}")
            return data

        return self._tried(name, once)

    def _tried(self, name: str, once: Callable[[], T]) -> T | None:
        """What `once` returns, None if there is no such object; again after each failure that may pass.

        obstore itself tries requests again that a service answers with 5xx or not at all. A body that breaks off, and a
        write on a condition whose answer is lost, it leaves to us.
        """
        waits = self.patience.waits()
        while True:
            try:
                return once()
            except FileNotFoundError:
                return None
            except GenericError as error:
                wait = next(waits, None)
                if wait is None:
                    raise self._failed(name, error) from None
                time.sleep(wait)
            except BaseError as error:
                raise self._failed(name, error) from None

    def _no_bucket(self) -> CatalogError:
        return CatalogError(f"there is no bucket {self.url.bucket}", remedy=f"Make it, or correct {self.url}")

    def _failed(self, name: str, error: Exception) -> CatalogError:
        """The error for a person: no body of an answer and no query of a URL, which may hold keys."""
        code = re.search(r"<Code>(\w+)</Code>", str(error))
        if code and code[1] == "NoSuchBucket":
            return self._no_bucket()
        denied = type(error).__name__ in {"PermissionDeniedError", "UnauthenticatedError"}
        said = re.sub(r"\?\S+", "", str(error).partition("\n")[0].partition("<")[0])[:300].rstrip(": ")
        what = f"{self.url / name if name else self.url} cannot be used: {said}"
        return CatalogError(what + (f" ({code[1]})" if code else ""), remedy=DENIED if denied else UNREACHABLE)


def _mode(instead_of: Stored | None) -> "UpdateVersion | Literal['create']":
    """The condition of a write. Some services number their versions, others know them by their e_tag."""
    if instead_of is None:
        return "create"
    version = instead_of.version or Version(None, None)
    named = {"e_tag": version.e_tag, "version": version.number}
    return {key: value for key, value in named.items() if value is not None}  # type: ignore[return-value]
