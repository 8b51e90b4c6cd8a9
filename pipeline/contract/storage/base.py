"""What a store requires of the place where its files lie."""

from collections.abc import Callable, Iterable, Iterator
from io import BufferedIOBase
from pathlib import Path
from typing import Protocol, TypeVar

from pipeline.core.stored import Listed, Stored

T = TypeVar("T")
R = TypeVar("R")


class Storage(Protocol):
    """Files by name, such as `plans/<digest>/<step>`, and objects by digest. Every file appears whole or not at all.

    Objects never change, so that a copy on this machine may be read instead. Methods raise CatalogError when the place
    cannot be reached, and StoreFull when it, or the disk of this machine, is full.
    """

    @property
    def root(self) -> Path:
        """A folder on this machine for work in progress and for what can be made again."""

    def where(self, name: str) -> str:
        """The path or URL of a file, for people."""

    def read(self, name: str) -> Stored | None:
        """A file as it is now; None if there is none."""

    def write(self, name: str, data: bytes) -> None:
        """Write a file, whatever was there."""

    def swap(self, name: str, data: bytes, instead_of: Stored | None) -> bool:
        """Write a file if it still is `instead_of` (None: if there is none). Of several writers at once, one does.

        Returns whether it was written.
        """

    def delete(self, name: str) -> None:
        """Delete a file, if there is one."""

    def list(self, folder: str) -> Iterable[Listed]:
        """Every file below a folder."""

    def parts(self, name: str) -> Iterator[bytes]:
        """Yield a file's bytes in parts, never from a copy. Raises OSError if it is missing or cannot be read."""

    def size_of(self, sha256: str) -> int | None:
        """The size of an object in bytes; None if there is none."""

    def put_object(self, sha256: str, data: bytes) -> None:
        """Write an object. It is written even if already there, which repairs one that is damaged."""

    def open_object(self, sha256: str) -> BufferedIOBase:
        """An object, perhaps a copy, open for reading. Raises OSError if it is missing or cannot be read."""

    def object_file(self, sha256: str, folder: Path) -> Path:
        """A read-only file with an object's bytes that stays at least as long as `folder`. Raises as `open_object`."""

    def forget(self, sha256: str) -> bool:
        """Remove this machine's copy of an object, which is damaged. Returns whether there was one."""

    def each(self, work: Callable[[T], R], values: Iterable[T]) -> Iterator[R]:
        """`work` of each value, in order; at the same time where waiting takes longer than working."""


def object_name(sha256: str) -> str:
    """The name of the object with this digest."""
    return f"objects/{sha256[:2]}/{sha256}"
