"""A zip of finished files, made while it is sent: no temporary file, and memory for one part of one file."""

import logging
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from zipfile import ZIP_STORED, ZipFile, ZipInfo

from pipeline.contract.store import Store
from pipeline.core.errors import CatalogError, brief
from pipeline.fetch.listing import FetchedFile, manifest_csv
from pipeline.fetch.names import MANIFEST

FIRST_DATE = (1980, 1, 1, 0, 0, 0)  # a zip knows no earlier one
MISSING = "missing.txt"
NOT_HERE = "These files are damaged in the store. Run their shoots again: that makes them again. Then download again."
MODE = 0o100644 << 16  # a plain file that its owner may write


log = logging.getLogger(__name__)


def zip_stream(store: Store, files: Sequence[FetchedFile]) -> Iterator[bytes]:
    """The bytes of a zip with the files and `manifest.csv`, uncompressed: pictures are compressed already.

    Raises CatalogError at once if a file is missing or not as long as it should be. One whose bytes turn out damaged is
    left out of files and manifest; `missing.txt` in the zip names it, and so does a warning in the log. To know that
    before a file is sent, each is read twice.
    """
    sizes = store.storage.each(lambda file: store.size_of(file.sha256), files)
    missing = [
        f"{store.where(file.sha256)} ({file.asset_id})"
        for file, size in zip(files, sizes, strict=True)
        if size != file.size_bytes
    ]
    if missing:
        raise CatalogError(
            f"{len(missing)} of {len(files)} files are missing or damaged: {brief(missing)}",
            remedy="Run their shoots again: the files are made again",
        )
    return _zipped(store, files)


class _Sink:
    """A file that can only be written; `take` returns what was written since the last call."""

    def __init__(self) -> None:
        self.written: list[bytes] = []

    def write(self, data: bytes) -> int:
        """Keep the bytes."""
        self.written.append(bytes(data))
        return len(data)

    def flush(self) -> None:
        """Nothing to do; ZipFile calls it."""

    def take(self) -> bytes:
        """The bytes since the last call."""
        data = b"".join(self.written)
        self.written.clear()
        return data


def _zipped(store: Store, files: Sequence[FetchedFile]) -> Iterator[bytes]:
    sink = _Sink()
    with ZipFile(sink, "w", ZIP_STORED) as archive:  # type: ignore[call-overload]
        whole, damaged = [], []
        for file in files:
            if (path := store.damaged(file.artifact)) is not None:
                damaged.append(f"{file.file} ({file.asset_id}): {path} is missing or damaged")
                continue
            whole.append(file)
            info = _info(file.file, file.published_at)
            info.file_size = file.size_bytes  # decides whether its header has room for 4 GiB and more
            with archive.open(info, "w") as member:
                for part in store.parts(file.artifact):
                    member.write(part)
                    yield sink.take()
        archive.writestr(_info(MANIFEST, None), manifest_csv(file.row for file in whole))
        if damaged:
            log.warning("a zip lacks %d of %d files: %s", len(damaged), len(files), brief(damaged))
            archive.writestr(_info(MISSING, None), "\n".join([NOT_HERE, "", *damaged, ""]))
    yield sink.take()


def _info(name: str, at: datetime | None) -> ZipInfo:
    info = ZipInfo(name, at.astimezone(UTC).timetuple()[:6] if at else FIRST_DATE)
    info.external_attr = MODE
    return info
