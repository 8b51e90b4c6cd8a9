"""A stored file, and an entry of a listing, wherever they lie."""

from typing import NamedTuple


class Version(NamedTuple):
    """What an object store calls one version of an object."""

    e_tag: str | None
    number: str | None


class Stored(NamedTuple):
    """A file's bytes, and which version of it they are. None on a disk, where the bytes tell."""

    data: bytes
    version: Version | None = None


class Listed(NamedTuple):
    """A file of a listing. `name`: its path below the folder that a storage or bucket stands for."""

    name: str
    size: int
    modified_ns: int
