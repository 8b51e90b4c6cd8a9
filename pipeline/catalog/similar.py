"""Finds the assets, or the products, most alike to one of the catalog."""

from collections.abc import Sequence

import numpy as np
from pydantic import Field
from sqlalchemy import select
from sqlalchemy.orm import Session

from pipeline.catalog.database import Catalog
from pipeline.catalog.nearest import likenesses, nearest
from pipeline.catalog.tables import AssetRow
from pipeline.catalog.vector_tables import VectorRow
from pipeline.catalog.vectors import Vectors, read_vectors
from pipeline.core.domain import Frozen
from pipeline.core.errors import BadInput


class Hit(Frozen):
    """One product or asset that was found. `id`: as `catalog assets` lists it, or `<sku>/<photo>`.

    `sha256`: digest of its picture in the store.
    """

    sku: str
    id: str
    likeness: float = Field(description="cosine of two vectors, or the mean of a shoot's best matches; 1 is the same")
    sha256: str


class Found(Frozen):
    """The answer to a query. `sha256`: digest of the picture asked for. `compared`: vectors that were compared."""

    query: str
    engine: str
    revision: str
    sha256: str
    compared: int
    hits: tuple[Hit, ...]


def similar_to(catalog: Catalog, query: str, count: int, *, every_asset: bool = False) -> Found:
    """The `count` most alike to `query`: an asset's id finds assets, a sku finds products by all their photos.

    Products other than the query's own are searched, and of each only its best asset is a hit unless `every_asset`.
    Every vector of the same engine and revision is compared. Raises BadInput when `query` is unknown or has no vector.
    """
    sku, _, asset = query.partition("/")
    with catalog.read() as session:
        if asset:
            return _similar_assets(session, sku, asset, count, every_asset)
        return _similar_products(session, sku, count)


def _similar_assets(session: Session, sku: str, asset: str, count: int, every_asset: bool) -> Found:
    if session.get(AssetRow, f"{sku}/{asset}") is None:
        raise BadInput(f"the catalog has no asset {sku}/{asset!r}", remedy="List the assets with `catalog assets`")
    row = session.get(VectorRow, (sku, "asset", asset))
    if row is None:
        raise BadInput(f"the asset {sku}/{asset} has no vector", remedy="Run its shoot again")
    vectors = read_vectors(session, "asset", row.engine, row.revision, without=sku)
    best, cosines = nearest(vectors.values, np.frombuffer(row.vector, "<f4"), len(vectors.skus))
    rows = list(zip(best.tolist(), cosines.tolist(), strict=True))
    if not every_asset:
        rows = _first_per_product(vectors, rows)
    hits = tuple(
        Hit(
            sku=vectors.skus[at],
            id=f"{vectors.skus[at]}/{vectors.names[at]}",
            likeness=round(cosine, 4),
            sha256=vectors.digests[at],
        )
        for at, cosine in rows[:count]
    )
    return Found(
        query=f"{sku}/{asset}",
        engine=row.engine,
        revision=row.revision,
        sha256=row.sha256,
        compared=len(vectors.skus),
        hits=hits,
    )


def _first_per_product(vectors: Vectors, rows: Sequence[tuple[int, float]]) -> list[tuple[int, float]]:
    seen: dict[str, tuple[int, float]] = {}
    for at, cosine in rows:
        seen.setdefault(vectors.skus[at], (at, cosine))
    return list(seen.values())


def _similar_products(session: Session, sku: str, count: int) -> Found:
    own_rows = session.scalars(
        select(VectorRow).where(VectorRow.sku == sku, VectorRow.kind == "photo").order_by(VectorRow.name)
    ).all()
    if not own_rows:
        raise BadInput(f"the catalog has no vectors of a product {sku!r}", remedy="Run its shoot, or correct the sku")
    first = own_rows[0]
    own = np.stack([np.frombuffer(row.vector, "<f4") for row in own_rows])
    others = read_vectors(session, "photo", first.engine, first.revision, without=sku)
    starts = others.starts
    found = likenesses(own, others.values, starts)
    order = np.argsort(-found, kind="stable")[:count]
    hits = []
    for number in order.tolist():
        start, end = starts[number], [*starts, len(others.skus)][number + 1]
        at = start + int((own @ others.values[start:end].T).max(axis=0).argmax())  # its photo that is matched best
        hits.append(
            Hit(
                sku=others.skus[at],
                id=f"{others.skus[at]}/{others.names[at]}",
                likeness=round(float(found[number]), 4),
                sha256=others.digests[at],
            )
        )
    return Found(
        query=sku,
        engine=first.engine,
        revision=first.revision,
        sha256=first.sha256,
        compared=len(others.skus),
        hits=tuple(hits),
    )
