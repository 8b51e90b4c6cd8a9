"""The list of finished files under their names, and `manifest.csv`, which says what each of them is."""

import csv
import io
from collections.abc import Iterable, Mapping
from pathlib import Path

from pipeline.catalog.database import Catalog
from pipeline.catalog.files import FileFilter, FinishedFile, list_files
from pipeline.contract.artifact import Artifact
from pipeline.core.errors import BadInput, readable
from pipeline.fetch.names import MANIFEST, Template, fault_of, named

COLUMNS = (
    "asset_id",
    "file",
    "sha256",
    "media_type",
    "size_bytes",
    "width_px",
    "height_px",
    "state",
    "source",
    "title",
    "alt_text",
    "published_at",
)
FORMULA = tuple("=+-@\t\r")  # with which a cell begins that a spreadsheet would compute
TYPED = ("title", "alt_text")  # by people
Row = Mapping[str, str]


class FetchedFile(FinishedFile):
    """A finished file and its name: a path below a folder, with `/`."""

    file: str

    @property
    def artifact(self) -> Artifact:
        """The file's bytes in the store."""
        return Artifact(sha256=self.sha256, media_type=self.media_type, size=self.size_bytes)

    @property
    def row(self) -> Row:
        """The file's line in `manifest.csv`."""
        values = {**self.model_dump(), "published_at": self.published_at.isoformat() if self.published_at else ""}
        return {name: _cell(name, str(values[name])) for name in COLUMNS}


def file_list(catalog: Catalog, which: FileFilter, template: Template) -> tuple[FetchedFile, ...]:
    """The files that match under the names of the template, sorted by asset.

    Raises BadInput as `list_files` does, and when two files would have one name.
    """
    files = list_files(catalog, which)
    names = named(files, template)
    pairs = zip(files, names, strict=True)
    return tuple(FetchedFile(file=name, **file.model_dump()) for file, name in pairs)


def manifest_csv(rows: Iterable[Row]) -> bytes:
    """The lines of `manifest.csv`: RFC 4180, UTF-8, sorted by asset. Text that would be a formula starts with `'`."""
    text = io.StringIO()
    writer = csv.DictWriter(text, COLUMNS)
    writer.writeheader()
    writer.writerows(sorted(rows, key=lambda row: (row["asset_id"], row["file"])))
    return text.getvalue().encode()


def read_manifest(path: Path) -> dict[str, Row]:
    """The lines of a manifest by file. Raises BadInput when it is none that `manifest_csv` wrote."""
    with readable():
        data = path.read_bytes()
    try:
        reader = csv.DictReader(io.StringIO(data.decode(), newline=""), strict=True)
        rows: list[dict[str, str]] = list(reader)
    except (UnicodeDecodeError, csv.Error) as error:
        raise _not_ours(path, str(error)) from None
    if tuple(reader.fieldnames or ()) != COLUMNS:
        raise _not_ours(path, "its first line has other columns")
    for number, row in enumerate(rows, 1):
        if None in row or None in row.values():
            raise _not_ours(path, f"entry {number} has not {len(COLUMNS)} columns")
        fault = fault_of(row["file"])
        if fault:
            raise _not_ours(path, f"the file {row['file']!r} of entry {number} {fault}")
    return {row["file"]: row for row in rows}


def _cell(name: str, text: str) -> str:
    return f"'{text}" if name in TYPED and text.startswith(FORMULA) else text


def _not_ours(path: Path, why: str) -> BadInput:
    return BadInput(
        f"{path} is not the {MANIFEST} of an earlier fetch: {why}",
        remedy="Restore it, or choose an empty or a new folder",
    )
