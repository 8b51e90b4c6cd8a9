"""The tables of the catalog. `migrations/` creates them; a test compares the two.

Products: `shoots`, `angles`, `requests`, `assets`, `checks`. Lineage: `steps`, `step_inputs`, `step_outputs`,
`step_items`. Others: `caption_tables.py`, `run_tables.py`, `review_tables.py`, `version_tables.py`, `fact_tables.py`,
`board_tables.py` and `vector_tables.py`. Times are UTC. Digests are SHA-256, 64 hex digits.
"""

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import (
    JSON,
    BigInteger,
    DateTime,
    Dialect,
    Double,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    String,
    Text,
    select,
    text,
)
from sqlalchemy.orm import DeclarativeBase, Mapped, MappedSQLExpression, column_property, mapped_column
from sqlalchemy.types import TypeDecorator, TypeEngine

TREE = "application/vnd.catalog.tree+json"  # media type of a folder artifact; lineage follows its files instead
SERIAL = BigInteger().with_variant(Integer(), "sqlite")  # in SQLite, only an INTEGER key is the row number
CONSTRAINT_NAMES = {  # so that a later migration can name what it changes, on every database
    "ix": "ix_%(table_name)s_%(column_0_name)s",
    "uq": "uq_%(table_name)s_%(column_0_name)s",
    "fk": "fk_%(table_name)s_%(column_0_name)s_%(referred_table_name)s",
    "pk": "pk_%(table_name)s",
}


class UtcDateTime(TypeDecorator[datetime]):
    """A time with its zone. SQLite stores no zone, so every value is written and read as UTC."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002
        """Convert to UTC."""
        return value.astimezone(UTC) if value is not None else None

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002
        """Return the time as UTC."""
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


class Json(TypeDecorator[Any]):
    """JSON, on PostgreSQL as JSONB. Its dialect is loaded only where it is used: that takes a while at every start."""

    impl = JSON
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        """Return the type of this database."""
        if dialect.name != "postgresql":
            return dialect.type_descriptor(JSON())
        from sqlalchemy.dialects.postgresql import JSONB

        return dialect.type_descriptor(JSONB())


class Base(DeclarativeBase):
    """The base of all tables: column types by Python annotation, and names of constraints."""

    metadata = MetaData(naming_convention=CONSTRAINT_NAMES)
    type_annotation_map = {
        str: Text(),
        int: BigInteger(),
        float: Double(),
        datetime: UtcDateTime(),
        dict[str, Any]: Json(),
        list[str]: Json(),
    }


def search_text(sku: str, title: str | None) -> str:
    """The text in which the board searches for a product: its sku and title, in lower case."""
    return f"{sku} {title or ''}".lower()


def _own_search_text(context: Any) -> str:
    values = context.get_current_parameters()
    return search_text(values["sku"], values.get("title"))


class ShootRow(Base):
    """One product and how its last run ended. Discovery compares `listing_digest` with the folder's current one.

    `edition`: with which code, preset and checkpoints it was planned (`pipeline.editions`); None: before 0013.
    `search_text`: as the function of that name returns it.
    """

    __tablename__ = "shoots"

    sku: Mapped[str] = mapped_column(String(100), primary_key=True)
    collection: Mapped[str] = mapped_column(String(100), index=True)
    source: Mapped[str]
    title: Mapped[str | None]
    brand: Mapped[str | None]
    category: Mapped[str | None]
    attributes: Mapped[dict[str, Any]]
    listing_digest: Mapped[str | None]
    plan_digest: Mapped[str | None]
    edition: Mapped[str | None]
    sheet_sha256: Mapped[str | None]
    last_run_id: Mapped[str | None]
    last_run_at: Mapped[datetime | None]
    fate: Mapped[str] = mapped_column(String(20))
    reason: Mapped[str]
    search_text: Mapped[str] = mapped_column(default=_own_search_text)


class AngleRow(Base):
    """A requested angle: what coverage decided, and why."""

    __tablename__ = "angles"

    sku: Mapped[str] = mapped_column(ForeignKey("shoots.sku", ondelete="CASCADE"), primary_key=True)
    angle: Mapped[str] = mapped_column(String(100), primary_key=True)
    azimuth_deg: Mapped[float]
    elevation_deg: Mapped[float]
    source: Mapped[str] = mapped_column(String(20))
    photo: Mapped[str | None]
    nearest_photo: Mapped[str | None]
    nearest_deg: Mapped[float | None]
    reason: Mapped[str]


class StepRow(Base):
    """One computation: what was requested (`stage`, `version`, `params`), and how, where and when it ran.

    `key`: the digest that the store knows it by. `id`: its number in this catalog, by which other rows refer to it. The
    steps of one shoot have consecutive numbers, so that the rows of one shoot lie side by side in every index.
    `own_seconds` and `own_cost_usd` exclude the step's items, so that sums over a lineage count nothing twice.
    """

    __tablename__ = "steps"

    id: Mapped[int] = mapped_column(SERIAL, primary_key=True, autoincrement=False)
    key: Mapped[str] = mapped_column(String(64), index=True, unique=True)
    stage: Mapped[str] = mapped_column(String(100))
    version: Mapped[int]
    engine: Mapped[str | None]
    params: Mapped[dict[str, Any]]
    report: Mapped[dict[str, Any]]
    started_at: Mapped[datetime]
    seconds: Mapped[float]
    own_seconds: Mapped[float]
    peak_memory_mb: Mapped[float]
    cost_usd: Mapped[float]
    own_cost_usd: Mapped[float]
    device: Mapped[str]
    host: Mapped[str]
    versions: Mapped[dict[str, Any]]
    image_digest: Mapped[str | None]
    held: Mapped[str | None]
    remedy: Mapped[str | None]


def step_key_of(step_id: Mapped[int | None]) -> MappedSQLExpression[str | None]:
    """The key of the step to which a column of another table refers."""
    return column_property(select(StepRow.key).where(StepRow.id == step_id).scalar_subquery())


class RequestRow(Base):
    """What a brief asked for of one product. `plan`: its `EditPlan`. `id`: the same for the same brief."""

    __tablename__ = "requests"

    id: Mapped[str] = mapped_column(String(100), primary_key=True)
    sku: Mapped[str] = mapped_column(ForeignKey("shoots.sku", ondelete="CASCADE"), index=True)
    text: Mapped[str]
    language: Mapped[str] = mapped_column(String(20))
    parser: Mapped[str]
    plan: Mapped[dict[str, Any]]


class AssetRow(Base):
    """One finished picture. `id` is `<sku>/<angle>/<backdrop>/<channel>` and stays the same when it is made again.

    `request_id`: of an asset that a brief asked for, whose `id` has it after the sku; None for those of shoot.yaml.

    `state`: `published`, `in review` (needs a person's approval), `rejected` (a check failed), `withdrawn` (no longer
    made). `published_at`: when exactly these bytes were published; None in every other state.
    """

    __tablename__ = "assets"

    id: Mapped[str] = mapped_column(String(420), primary_key=True)
    sku: Mapped[str] = mapped_column(ForeignKey("shoots.sku", ondelete="CASCADE"), index=True)
    angle: Mapped[str] = mapped_column(String(100))
    backdrop: Mapped[str] = mapped_column(String(100))
    channel: Mapped[str] = mapped_column(String(100))
    sha256: Mapped[str] = mapped_column(String(64))
    media_type: Mapped[str]
    size_bytes: Mapped[int]
    width_px: Mapped[int]
    height_px: Mapped[int]
    source: Mapped[str] = mapped_column(String(20))
    verdict: Mapped[str] = mapped_column(String(20))
    reasons: Mapped[list[str]]
    state: Mapped[str] = mapped_column(String(20))
    current: Mapped[bool]
    published_at: Mapped[datetime | None]
    step_id: Mapped[int | None] = mapped_column(ForeignKey("steps.id"))
    step_key = step_key_of(step_id)
    request_id: Mapped[str | None] = mapped_column(ForeignKey("requests.id"), index=True)


class CheckRow(Base):
    """One measurement of one asset against its threshold."""

    __tablename__ = "checks"

    asset_id: Mapped[str] = mapped_column(ForeignKey("assets.id", ondelete="CASCADE"), primary_key=True)
    name: Mapped[str] = mapped_column(String(100), primary_key=True)
    value: Mapped[float]
    unit: Mapped[str]
    threshold: Mapped[float | None]
    passed: Mapped[bool | None]
    severity: Mapped[str] = mapped_column(String(20))
    words: Mapped[str]


class InputRow(Base):
    """An edge of the lineage: `step_id` read these bytes, which `producer_id` made.

    `path`: empty for the artifact itself, the file's path for a file of a folder artifact. For a source file of the
    shoot `producer_id` is None, and `source_path` is its path in the shoot's folder, if known.
    """

    __tablename__ = "step_inputs"
    __table_args__ = {"sqlite_with_rowid": False}

    step_id: Mapped[int] = mapped_column(
        ForeignKey("steps.id", ondelete="CASCADE"), primary_key=True, autoincrement=False
    )
    name: Mapped[str] = mapped_column(String(200), primary_key=True)
    path: Mapped[str] = mapped_column(String(1000), primary_key=True)
    sha256: Mapped[str] = mapped_column(String(64))
    media_type: Mapped[str]
    size_bytes: Mapped[int]
    producer_id: Mapped[int | None] = mapped_column(ForeignKey("steps.id"))
    source_path: Mapped[str | None]


class OutputRow(Base):
    """An output of a step; `path` as in `step_inputs`."""

    __tablename__ = "step_outputs"
    __table_args__ = {"sqlite_with_rowid": False}

    step_id: Mapped[int] = mapped_column(
        ForeignKey("steps.id", ondelete="CASCADE"), primary_key=True, autoincrement=False
    )
    name: Mapped[str] = mapped_column(String(200), primary_key=True)
    path: Mapped[str] = mapped_column(String(1000), primary_key=True)
    sha256: Mapped[str] = mapped_column(String(64))
    media_type: Mapped[str]
    size_bytes: Mapped[int]


class ItemRow(Base):
    """A step that ran as an item (one photo, one asset) of another step."""

    __tablename__ = "step_items"
    __table_args__ = {"sqlite_with_rowid": False}

    step_id: Mapped[int] = mapped_column(
        ForeignKey("steps.id", ondelete="CASCADE"), primary_key=True, autoincrement=False
    )
    name: Mapped[str] = mapped_column(String(420), primary_key=True)
    item_id: Mapped[int] = mapped_column(ForeignKey("steps.id"), index=True)
    computed: Mapped[bool]


_MADE = InputRow.producer_id.is_not(None)  # else SQLite finds the files of one step among all source files
_SOURCE = InputRow.producer_id.is_(None)  # only photos are looked up by their digest
Index("ix_step_inputs_producer_id", InputRow.producer_id, sqlite_where=_MADE, postgresql_where=_MADE)
Index("ix_step_inputs_sha256", InputRow.sha256, sqlite_where=_SOURCE, postgresql_where=_SOURCE)
Index("ix_shoots_last_run_at", ShootRow.last_run_at.desc(), ShootRow.sku)
Index("ix_shoots_search_text", ShootRow.search_text, ShootRow.sku)
_IS_CURRENT = text("current = 1")  # as SQLAlchemy asks SQLite for it
Index("ix_assets_current", AssetRow.state, AssetRow.id, sqlite_where=_IS_CURRENT, postgresql_where=AssetRow.current)
