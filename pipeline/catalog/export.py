"""Writes the catalog as Parquet files, for analysts and for the shop's own import."""

import json
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
from sqlalchemy import Column, inspect, select
from sqlalchemy.orm import Session

from pipeline.catalog.caption_tables import CaptionRow, ClaimRow
from pipeline.catalog.database import Catalog
from pipeline.catalog.review_tables import ReviewRow
from pipeline.catalog.run_tables import RunRow, RunStepRow
from pipeline.catalog.tables import (
    AngleRow,
    AssetRow,
    Base,
    CheckRow,
    InputRow,
    ItemRow,
    Json,
    OutputRow,
    ShootRow,
    StepRow,
    UtcDateTime,
)
from pipeline.catalog.vector_tables import DuplicateRow, VectorRow
from pipeline.catalog.version_tables import VersionRow
from pipeline.core.domain import Frozen
from pipeline.core.errors import BadInput

MARKER = ".catalog-export.json"
FILES: dict[str, type[Base]] = {
    "shoots.parquet": ShootRow,
    "angles.parquet": AngleRow,
    "assets.parquet": AssetRow,
    "captions.parquet": CaptionRow,
    "claims.parquet": ClaimRow,
    "checks.parquet": CheckRow,
    "steps.parquet": StepRow,
    "step_inputs.parquet": InputRow,
    "step_outputs.parquet": OutputRow,
    "step_items.parquet": ItemRow,
    "asset_versions.parquet": VersionRow,
    "reviews.parquet": ReviewRow,
    "runs.parquet": RunRow,
    "run_steps.parquet": RunStepRow,
    "vectors.parquet": VectorRow,
    "duplicates.parquet": DuplicateRow,
}
ARROW: dict[type, pa.DataType] = {
    bytes: pa.binary(),
    str: pa.string(),
    int: pa.int64(),
    float: pa.float64(),
    bool: pa.bool_(),
}
LISTS = frozenset({"reasons", "bullets", "evidence"})  # JSON columns that hold a list of strings


class Exported(Frozen):
    """The folder of an export and the number of rows per file."""

    folder: str
    rows: dict[str, int]


def export(catalog: Catalog, out: Path) -> Exported:
    """Write every table of `FILES` into the folder `out`, all from one consistent snapshot of the catalog.

    Dictionaries (params, versions, attributes) become JSON text. An earlier export is replaced file by file. Raises
    BadInput when the folder contains other files.
    """
    claim(out)
    with catalog.read() as session:
        tables = {name: _table(session, kind) for name, kind in FILES.items()}
    for name, table in tables.items():
        part = out / f".{name}.part"
        pq.write_table(table, part, compression="zstd")
        part.replace(out / name)
    return Exported(
        folder=str(out), rows={name.removesuffix(".parquet"): table.num_rows for name, table in tables.items()}
    )


def claim(out: Path) -> None:
    """Create the folder and mark it as an export. Raises BadInput when it contains other files."""
    marker = out / MARKER
    try:
        out.mkdir(parents=True, exist_ok=True)
        if not marker.exists() and any(out.iterdir()):
            raise BadInput(f"{out} contains files of other origin", remedy="Choose an empty or a new folder")
        marker.write_text(json.dumps({"made_by": "catalog export", "files": sorted(FILES)}) + "\n")
    except OSError as error:
        raise BadInput(f"{out} cannot be written: {error.strerror}", remedy="Choose a writable folder") from None


def _table(session: Session, kind: type[Base]) -> pa.Table:
    columns = inspect(kind).columns
    schema = pa.schema([(column.key, _arrow_type(column)) for column in columns])
    rows = session.execute(select(*columns).order_by(*inspect(kind).primary_key)).mappings()
    return pa.Table.from_pylist([{name: _cell(value) for name, value in row.items()} for row in rows], schema=schema)


def _arrow_type(column: Column[Any]) -> pa.DataType:
    if isinstance(column.type, UtcDateTime):
        return pa.timestamp("us", tz="UTC")
    if isinstance(column.type, Json):
        return pa.list_(pa.string()) if column.key in LISTS else pa.string()
    return ARROW[column.type.python_type]


def _cell(value: Any) -> Any:
    return json.dumps(value, sort_keys=True, ensure_ascii=False) if isinstance(value, dict) else value
