"""The tables of `catalog similar`: `vectors` of pictures, and `duplicates`, pairs of products that look alike."""

from sqlalchemy import ForeignKey, LargeBinary, String
from sqlalchemy.orm import Mapped, mapped_column

from pipeline.catalog.tables import Base


class VectorRow(Base):
    """The vector of one photo or asset.

    `name`: of a photo, its safe name; of an asset, `<angle>/<backdrop>/<channel>`. `sha256`: digest of the cut-out or
    of the asset's file. `vector`: float32, little-endian, of unit length; rows with the same `engine` and `revision`
    can be compared.
    """

    __tablename__ = "vectors"

    sku: Mapped[str] = mapped_column(ForeignKey("shoots.sku", ondelete="CASCADE"), primary_key=True)
    kind: Mapped[str] = mapped_column(String(10), primary_key=True)
    name: Mapped[str] = mapped_column(String(320), primary_key=True)
    sha256: Mapped[str] = mapped_column(String(64))
    engine: Mapped[str] = mapped_column(String(40))
    revision: Mapped[str] = mapped_column(String(64))
    vector: Mapped[bytes] = mapped_column(LargeBinary)
    step_id: Mapped[int | None] = mapped_column(ForeignKey("steps.id"))


class DuplicateRow(Base):
    """Two products whose photos look alike: `other` was in the catalog when `sku` was published.

    `likeness`: mean cosine of the best matches of the photos. `accepted`: a person has said that both are right.
    """

    __tablename__ = "duplicates"

    sku: Mapped[str] = mapped_column(ForeignKey("shoots.sku", ondelete="CASCADE"), primary_key=True)
    other: Mapped[str] = mapped_column(ForeignKey("shoots.sku", ondelete="CASCADE"), primary_key=True)
    likeness: Mapped[float]
    accepted: Mapped[bool]
