"""The tables of captions, and of the claims that they make."""

from typing import Any

from sqlalchemy import ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column

from pipeline.catalog.tables import Base


class CaptionRow(Base):
    """The caption of one product in one language, and what is known of the product (JSON `Evidence`)."""

    __tablename__ = "captions"

    sku: Mapped[str] = mapped_column(ForeignKey("shoots.sku", ondelete="CASCADE"), primary_key=True)
    language: Mapped[str] = mapped_column(String(20), primary_key=True)
    engine: Mapped[str]
    model: Mapped[str | None]
    title: Mapped[str]
    description: Mapped[str]
    bullets: Mapped[list[str]]
    titles: Mapped[dict[str, Any]]
    evidence: Mapped[dict[str, Any]]
    alt_text: Mapped[str]
    alt_texts: Mapped[dict[str, Any]]
    attributes: Mapped[dict[str, Any]]
    prompt: Mapped[str]
    step_id: Mapped[int | None] = mapped_column(ForeignKey("steps.id"))


class ClaimRow(Base):
    """One claim of a caption: what is claimed, the ids of the evidence, the verdict; see `pipeline.core.evidence`."""

    __tablename__ = "claims"

    sku: Mapped[str] = mapped_column(ForeignKey("shoots.sku", ondelete="CASCADE"), primary_key=True)
    language: Mapped[str] = mapped_column(String(20), primary_key=True)
    position: Mapped[int] = mapped_column(primary_key=True)
    field: Mapped[str] = mapped_column(String(20))
    kind: Mapped[str] = mapped_column(String(20))
    words: Mapped[str]
    value: Mapped[str]
    evidence: Mapped[list[str]]
    verdict: Mapped[str] = mapped_column(String(20))
    reason: Mapped[str]
    dropped: Mapped[bool]
