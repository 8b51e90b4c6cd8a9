"""The tables of decisions: `reviews` of assets, and `audit`, one row for every action of a person."""

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column

from pipeline.catalog.tables import SERIAL, Base


class ReviewRow(Base):
    """A decision on an asset's bytes. Of those that are not undone, the newest holds while the bytes are the same.

    `decision`: `approved`, `rejected`, `redo`, `withdrawn`, or `replaced`, by the asset that `reason` names, which was
    made for the redo before it. `settings`: of a redo: `text`, what the pictures should show, `run_id`, the run that
    makes them, and settings to change. `overrules`: an admin approved an asset that a check rejects.
    """

    __tablename__ = "reviews"

    id: Mapped[int] = mapped_column(SERIAL, primary_key=True)
    asset_id: Mapped[str] = mapped_column(ForeignKey("assets.id", ondelete="CASCADE"), index=True)
    sha256: Mapped[str] = mapped_column(String(64))
    decision: Mapped[str] = mapped_column(String(20))
    reason: Mapped[str]
    settings: Mapped[dict[str, Any]]
    overrules: Mapped[bool]
    decided_by: Mapped[str]
    decided_at: Mapped[datetime]
    undone_by: Mapped[str | None]
    undone_at: Mapped[datetime | None]


class AuditRow(Base):
    """One action: who did it in which role, and to what. Written in the transaction of the action."""

    __tablename__ = "audit"

    id: Mapped[int] = mapped_column(SERIAL, primary_key=True)
    at: Mapped[datetime]
    actor: Mapped[str]
    role: Mapped[str] = mapped_column(String(20))
    action: Mapped[str] = mapped_column(String(40))
    target: Mapped[str] = mapped_column(index=True)
    details: Mapped[dict[str, Any]]
