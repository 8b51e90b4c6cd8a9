"""What the publish stage hands to the catalog: one shoot's assets, words and lineage, checked. No database in here."""

from datetime import datetime
from typing import Any, Literal

from pydantic import Field

from pipeline.core.domain import Frozen, Name, Verdict
from pipeline.core.records import AssetRecord, Caption

State = Literal["published", "in review", "rejected", "withdrawn"]


class StepEntry(Frozen):
    """One computation, from its manifest."""

    key: str
    stage: str
    version: int
    engine: str | None = None
    params: dict[str, Any] = {}
    report: dict[str, Any] = {}
    started_at: datetime
    seconds: float
    own_seconds: float = Field(description="without the seconds that its items count themselves")
    peak_memory_mb: float
    cost_usd: float
    own_cost_usd: float
    device: str
    host: str
    versions: dict[str, str] = {}
    image_digest: str | None = None
    held: str | None = None
    remedy: str | None = None


class InputEntry(Frozen):
    """Bytes that a step read: `path` within a folder artifact or empty, and the step that had made them or None."""

    step_key: str
    name: str
    path: str
    sha256: str
    media_type: str
    size_bytes: int
    producer_key: str | None = None
    source_path: str | None = None


class OutputEntry(Frozen):
    """Bytes that a step made."""

    step_key: str
    name: str
    path: str
    sha256: str
    media_type: str
    size_bytes: int


class ItemEntry(Frozen):
    """A step that ran as an item of another."""

    step_key: str
    name: str
    item_key: str
    computed: bool


class AssetEntry(Frozen):
    """One finished picture: its record, its bytes, the step that made it, and whether it may be shown."""

    record: AssetRecord
    sha256: str
    size_bytes: int
    state: State
    step_key: str | None


class Publication(Frozen):
    """All that one run knows of one shoot. None means: not known this time, leave what the catalog has."""

    sku: Name
    collection: Name
    title: str
    brand: str
    category: str
    attributes: dict[str, str] = {}
    assets: tuple[AssetEntry, ...] | None = None
    angles: tuple[Verdict, ...] | None = None
    caption: Caption | None = None
    caption_step_key: str | None = None
    sheet_sha256: str | None = None
    steps: tuple[StepEntry, ...] = ()
    inputs: tuple[InputEntry, ...] = ()
    outputs: tuple[OutputEntry, ...] = ()
    items: tuple[ItemEntry, ...] = ()


def asset_id(sku: str, record: AssetRecord) -> str:
    """The asset's stable identity: the same for as long as the catalog asks for this picture."""
    return f"{sku}/{record.angle}/{record.backdrop}/{record.channel}"
