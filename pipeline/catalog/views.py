"""The views of the catalog that its queries read; docs/catalog.md documents all of them, `migrations/` creates them."""

from typing import Any

from sqlalchemy import Boolean, ColumnClause, TableClause, column, table
from sqlalchemy.types import TypeEngine

from pipeline.catalog.tables import Json, UtcDateTime

TYPES: dict[str, TypeEngine[Any]] = {
    "params": Json(),
    "report": Json(),
    "versions": Json(),
    "settings": Json(),
    "overrules": Boolean(),
    "holds": Boolean(),
    "at": UtcDateTime(),
}


def _view(name: str, columns: str) -> TableClause:
    return table(name, *(_column(each) for each in columns.split()))


def _column(name: str) -> ColumnClause[Any]:
    return column(name, UtcDateTime() if name.endswith("_at") else TYPES.get(name))


ASSET_LINEAGE = _view(
    "asset_lineage",
    "asset_id number made_at replaced_at step_id step_key stage version engine params report started_at seconds "
    "own_seconds peak_memory_mb cost_usd own_cost_usd device host versions image_digest",
)
PHOTO_IMPACT = _view(
    "photo_impact",
    "photo_sha256 asset_id number sku angle backdrop channel sha256 state made_at published_at replaced_at",
)
REVIEW_LOG = _view(
    "review_log",
    "id asset_id sku sha256 decision reason settings overrules decided_by decided_at undone_by undone_at holds",
)
