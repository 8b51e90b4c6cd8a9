"""The table of what each asset was, and when."""

from datetime import datetime

from sqlalchemy import ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column

from pipeline.catalog.tables import Base, step_key_of


class VersionRow(Base):
    """One version of an asset: the bytes and the step that made them, from `made_at` until `replaced_at`.

    `number`: counts from 1. `verdict`, `reasons` and `checked_state`: what checks and settings say, without a person's
    decision. `published_at`: when these bytes were first published as this version; it stays when they are replaced or
    withdrawn. `replaced_at`: None while the asset is still made so.
    """

    __tablename__ = "asset_versions"

    asset_id: Mapped[str] = mapped_column(ForeignKey("assets.id", ondelete="CASCADE"), primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    sha256: Mapped[str] = mapped_column(String(64), index=True)
    media_type: Mapped[str]
    size_bytes: Mapped[int]
    width_px: Mapped[int]
    height_px: Mapped[int]
    source: Mapped[str] = mapped_column(String(20))
    verdict: Mapped[str] = mapped_column(String(20))
    reasons: Mapped[list[str]]
    checked_state: Mapped[str] = mapped_column(String(20))
    step_id: Mapped[int | None] = mapped_column(ForeignKey("steps.id"), index=True)
    step_key = step_key_of(step_id)
    made_at: Mapped[datetime]
    published_at: Mapped[datetime | None] = mapped_column(index=True)
    replaced_at: Mapped[datetime | None]
