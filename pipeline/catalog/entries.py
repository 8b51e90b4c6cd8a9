"""What the publish stage passes to the catalog: one shoot's assets, caption and lineage, validated. No database."""

from datetime import datetime
from typing import Any, Literal

from pydantic import Field

from pipeline.core.domain import AngleDecision, Frozen, Name
from pipeline.core.evidence import Claim, Evidence
from pipeline.core.records import AssetRecord, Caption

AssetState = Literal["published", "in review", "rejected", "withdrawn"]


class StepEntry(Frozen):
    """One computation, read from its manifest."""

    key: str
    stage: str
    version: int
    engine: str | None = None
    params: dict[str, Any] = {}
    report: dict[str, Any] = {}
    started_at: datetime
    seconds: float
    own_seconds: float = Field(description="excluding the seconds of its items")
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
    """Bytes that a step read.

    `path`: the file's path in a folder artifact, else empty. `producer_key`: the step that made the bytes, if any.
    """

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
    """One finished picture: its record, the digest of its bytes, the step that made it, its publication state."""

    record: AssetRecord
    sha256: str
    size_bytes: int
    state: AssetState
    step_key: str | None


class VectorEntry(Frozen):
    """The vector of one photo or asset; the fields are those of the table `vectors`."""

    kind: Literal["photo", "asset"]
    name: str
    sha256: str
    engine: str
    revision: str
    vector: bytes = Field(repr=False)


class RequestEntry(Frozen):
    """What a brief asked for. `plan`: its EditPlan as JSON."""

    id: str
    text: str
    language: str
    parser: str
    plan: dict[str, Any]


class Publication(Frozen):
    """Everything that one run knows about one shoot. None means unknown in this run: the catalog keeps what it has.

    `alike_at_least`: likeness of the photos of two shoots from which they may show one product. `review_waits`: assets
    in review are not published.
    """

    sku: Name
    collection: Name
    title: str
    brand: str
    category: str
    attributes: dict[str, str] = {}
    request: RequestEntry | None = Field(
        default=None, description="the brief that the assets were made for; None: they are those of shoot.yaml"
    )
    assets: tuple[AssetEntry, ...] | None = None
    angles: tuple[AngleDecision, ...] | None = None
    caption: Caption | None = None
    caption_step_key: str | None = None
    claims: tuple[Claim, ...] | None = None
    evidence: Evidence | None = None
    sheet_sha256: str | None = None
    vectors: tuple[VectorEntry, ...] | None = None
    vectors_step_key: str | None = None
    alike_at_least: float = 1.0
    review_waits: bool = True
    steps: tuple[StepEntry, ...] = ()
    inputs: tuple[InputEntry, ...] = ()
    outputs: tuple[OutputEntry, ...] = ()
    items: tuple[ItemEntry, ...] = ()


def asset_id(sku: str, record: AssetRecord, request: RequestEntry | None = None) -> str:
    """The asset's stable identity, `<sku>/<angle>/<backdrop>/<channel>`; with a request, its id follows the sku."""
    owner = f"{sku}/{request.id}" if request else sku
    return f"{owner}/{record.angle}/{record.backdrop}/{record.channel}"
