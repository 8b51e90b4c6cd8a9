"""The tables of runs: how each shoot and each of its steps ended in one."""

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column

from pipeline.catalog.tables import Base


class RunRow(Base):
    """One nightly run, one backfill or one call of `catalog run`, and what it did so far: sums, kept by `totals.py`.

    `fates`: number of shoots by fate. `wasted_usd`: of steps that were held or failed. Other sums: see `RunStepRow`.
    """

    __tablename__ = "runs"

    run_id: Mapped[str] = mapped_column(String(250), primary_key=True)
    started_at: Mapped[datetime]
    fates: Mapped[dict[str, Any]] = mapped_column(default=dict)
    seconds: Mapped[float] = mapped_column(default=0.0)
    cost_usd: Mapped[float] = mapped_column(default=0.0)
    wasted_usd: Mapped[float] = mapped_column(default=0.0)
    computed: Mapped[int] = mapped_column(default=0)
    reused: Mapped[int] = mapped_column(default=0)
    published: Mapped[int] = mapped_column(default=0)


class RunShootRow(Base):
    """How one shoot ended in one run.

    `listing_digest`, `edition`: what a backfill hands to the shoot, with its plan, once the shoot's fate is known.
    """

    __tablename__ = "run_shoots"

    run_id: Mapped[str] = mapped_column(ForeignKey("runs.run_id", ondelete="CASCADE"), primary_key=True)
    sku: Mapped[str] = mapped_column(ForeignKey("shoots.sku", ondelete="CASCADE"), primary_key=True, index=True)
    plan_digest: Mapped[str | None]
    listing_digest: Mapped[str | None]
    edition: Mapped[str | None]
    fate: Mapped[str] = mapped_column(String(20))
    reason: Mapped[str]
    at: Mapped[datetime]


class RunStepRow(Base):
    """How one step of one shoot ended in one run, and what that cost.

    `code`: of the reason why it is held. `step_key`: of its manifest; the catalog has the step once it is published.
    `computed`, `reused`: how many of its items this run computed, and how many came from the store; a step without
    items counts as one. `published`: of the step `publish`, how many images were first published in this run.
    """

    __tablename__ = "run_steps"

    run_id: Mapped[str] = mapped_column(ForeignKey("runs.run_id", ondelete="CASCADE"), primary_key=True)
    sku: Mapped[str] = mapped_column(ForeignKey("shoots.sku", ondelete="CASCADE"), primary_key=True)
    step: Mapped[str] = mapped_column(String(100), primary_key=True)
    state: Mapped[str] = mapped_column(String(20))
    seconds: Mapped[float]
    reason: Mapped[str]
    at: Mapped[datetime]
    picture_sha256: Mapped[str | None] = mapped_column(String(64))
    code: Mapped[str | None] = mapped_column(String(60))
    step_key: Mapped[str | None] = mapped_column(String(64))
    cost_usd: Mapped[float] = mapped_column(default=0.0)
    computed: Mapped[int] = mapped_column(default=0)
    reused: Mapped[int] = mapped_column(default=0)
    published: Mapped[int] = mapped_column(default=0)
