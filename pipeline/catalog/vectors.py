"""Reads and writes the vectors of the catalog."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from sqlalchemy import select
from sqlalchemy.orm import Session

from pipeline.catalog.entries import VectorEntry
from pipeline.catalog.vector_tables import VectorRow
from pipeline.core.arrays import F32
from pipeline.core.errors import CatalogError
from pipeline.core.vectors import VectorIndex

STORED = np.dtype("<f4")


@dataclass(frozen=True)
class Vectors:
    """Vectors that can be compared: row i of `values` [n, d] belongs to product `skus[i]`, picture `names[i]`.

    Sorted by product and name. `digests`: of the pictures' files.
    """

    skus: tuple[str, ...]
    names: tuple[str, ...]
    digests: tuple[str, ...]
    values: F32

    @property
    def starts(self) -> list[int]:
        """The first row of each product."""
        return [row for row, sku in enumerate(self.skus) if row == 0 or sku != self.skus[row - 1]]


def read_vectors(session: Session, kind: str, engine: str, revision: str, without: str | None = None) -> Vectors:
    """All vectors of `kind` (`photo` or `asset`) of one engine and revision, without those of one product."""
    query = (
        select(VectorRow.sku, VectorRow.name, VectorRow.sha256, VectorRow.vector)
        .where(VectorRow.kind == kind, VectorRow.engine == engine, VectorRow.revision == revision)
        .order_by(VectorRow.sku, VectorRow.name)
    )
    if without is not None:
        query = query.where(VectorRow.sku != without)
    rows = session.execute(query).all()
    if not rows:
        return Vectors((), (), (), np.zeros((0, 0), np.float32))
    skus, names, digests, data = zip(*rows, strict=True)
    values = np.frombuffer(b"".join(data), STORED).reshape(len(rows), -1)
    return Vectors(skus, names, digests, np.asarray(values, np.float32))


def entries_of(index: VectorIndex, values: F32) -> tuple[VectorEntry, ...]:
    """The entries of an array of vectors [n, d] and its index. Raises CatalogError when they do not fit together."""
    if len(values) != len(index.pictures):
        raise CatalogError(
            f"embed made {len(values)} vectors of {len(index.pictures)} pictures", remedy="Run embed again"
        )
    return tuple(
        VectorEntry(**picture.model_dump(), engine=index.engine, revision=index.revision, vector=row.tobytes())
        for picture, row in zip(index.pictures, values.astype(STORED), strict=True)
    )


def rows_of(sku: str, entries: Sequence[VectorEntry], step_id: int | None) -> list[dict[str, Any]]:
    """The rows of one product, by column."""
    return [{"sku": sku, "step_id": step_id, **dict(entry)} for entry in entries]


def values_of(entries: Sequence[VectorEntry]) -> F32:
    """The vectors of entries [n, d]."""
    data = b"".join(entry.vector for entry in entries)
    return np.asarray(
        np.frombuffer(data, STORED).reshape(len(entries), -1) if entries else np.zeros((0, 0)), np.float32
    )
