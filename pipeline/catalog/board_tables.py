"""The table that the board filters and counts by."""

from sqlalchemy import ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from pipeline.catalog.tables import Base


class ShootStateRow(Base):
    """How many assets of a shoot are in a state, by channel and source: a summary, kept by `states.py`.

    For `held`, `refused` and `missing`, the number of angles without an asset, and `channel` and `source` are empty.
    """

    __tablename__ = "shoot_states"

    sku: Mapped[str] = mapped_column(ForeignKey("shoots.sku", ondelete="CASCADE"), primary_key=True)
    state: Mapped[str] = mapped_column(String(20), primary_key=True)
    channel: Mapped[str] = mapped_column(String(100), primary_key=True)
    source: Mapped[str] = mapped_column(String(20), primary_key=True)
    count: Mapped[int]


_STATE = ShootStateRow
Index("ix_shoot_states_state", _STATE.state, _STATE.sku, _STATE.channel, _STATE.source, _STATE.count)
