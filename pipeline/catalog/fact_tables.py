"""The tables that find the shoots behind which an engine, checkpoint, licence or setting stands."""

from sqlalchemy import ForeignKey, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from pipeline.catalog.tables import Base


class FactRow(Base):
    """A dictionary: one row for each different fact; `id` is 63 bits of its digest.

    `kind`: `engine`, `checkpoint`, `licence` or `setting`. `name`: `<stage>.<setting>`, for example
    `composite.light.softness`. `value`: text as it is, other values as JSON.
    """

    __tablename__ = "facts"
    __table_args__ = (UniqueConstraint("name", "value", "kind"),)

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    kind: Mapped[str] = mapped_column(String(20))
    name: Mapped[str] = mapped_column(String(200))
    value: Mapped[str] = mapped_column(String(200))


class ShootFactRow(Base):
    """A step behind some asset of the shoot, of now or of before, has this fact. Rows are added, never removed."""

    __tablename__ = "shoot_facts"
    __table_args__ = {"sqlite_with_rowid": False}

    fact_id: Mapped[int] = mapped_column(
        ForeignKey("facts.id", ondelete="CASCADE"), primary_key=True, autoincrement=False
    )
    sku: Mapped[str] = mapped_column(ForeignKey("shoots.sku", ondelete="CASCADE"), primary_key=True)
