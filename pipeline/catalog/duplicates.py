"""Products whose photos look alike: perhaps two shoots of one product."""

from sqlalchemy import ColumnElement, or_, select
from sqlalchemy.orm import Session

from pipeline.catalog.database import Catalog
from pipeline.catalog.entries import AssetEntry, Publication
from pipeline.catalog.nearest import likenesses
from pipeline.catalog.sync import Changes, sync
from pipeline.catalog.vector_tables import DuplicateRow
from pipeline.catalog.vectors import read_vectors, values_of
from pipeline.core.domain import Frozen
from pipeline.core.errors import BadInput
from pipeline.core.records import Check

NAMED_AT_MOST = 3


class Duplicate(Frozen):
    """Product `sku` looks like `other`, which was in the catalog before. The fields are those of `duplicates`."""

    sku: str
    other: str
    likeness: float
    accepted: bool = False


def note_duplicates(session: Session, publication: Publication) -> tuple[tuple[Duplicate, ...], Changes]:
    """Compare the photos of a publication with those of all other products, and write the pairs that look alike.

    Of a pair, the product that was published later is the duplicate, whichever is published again. Returns this
    product's pairs, the most alike first. The caller has the only writing session, so that two products that are
    published at once are compared.
    """
    sku = publication.sku
    alike = _alike(session, publication)
    known = {(row.sku, row.other): row for row in session.scalars(select(DuplicateRow).where(_pairs_of(sku)))}
    rows = []
    for other, likeness in alike.items():
        later = (other, sku) if (other, sku) in known else (sku, other)
        accepted = later in known and known[later].accepted
        rows.append(Duplicate(sku=later[0], other=later[1], likeness=likeness, accepted=accepted))
    found = [pair for pair in rows if pair.sku == sku]
    changes = sync(session, DuplicateRow, _pairs_of(sku), map(dict, rows))
    return tuple(sorted(found, key=lambda pair: (-pair.likeness, pair.other))), changes


def flagged(
    assets: tuple[AssetEntry, ...], duplicates: tuple[Duplicate, ...], publication: Publication
) -> tuple[AssetEntry, ...]:
    """The assets with the check `near_duplicate` where the product looks like another; without one, as they are."""
    if not duplicates:
        return assets
    return tuple(_flagged(entry, _check(duplicates, publication), publication.review_waits) for entry in assets)


def list_duplicates(catalog: Catalog, sku: str | None = None) -> list[Duplicate]:
    """All pairs that look alike, or those of one product, the most alike first."""
    query = select(DuplicateRow).order_by(DuplicateRow.likeness.desc(), DuplicateRow.sku, DuplicateRow.other)
    with catalog.read() as session:
        rows = session.scalars(query if sku is None else query.where(_pairs_of(sku)))
        return [Duplicate(sku=row.sku, other=row.other, likeness=row.likeness, accepted=row.accepted) for row in rows]


def accept(catalog: Catalog, sku: str, other: str) -> Duplicate:
    """Record that a person has looked at two products and that both are right. Raises BadInput for an unknown pair."""
    with catalog.write() as session:
        row = session.get(DuplicateRow, (sku, other)) or session.get(DuplicateRow, (other, sku))
        if row is None:
            raise BadInput(
                f"{sku} and {other} are not a pair of products that look alike",
                remedy="List the pairs with `catalog similar --duplicates`",
            )
        row.accepted = True
        return Duplicate(sku=row.sku, other=row.other, likeness=row.likeness, accepted=True)


def _alike(session: Session, publication: Publication) -> dict[str, float]:
    """The other products whose photos are alike enough, with their likeness, rounded so that it stays the same."""
    photos = [entry for entry in publication.vectors or () if entry.kind == "photo"]
    if not photos:
        return {}
    first = photos[0]
    others = read_vectors(session, "photo", first.engine, first.revision, without=publication.sku)
    starts = others.starts
    found = likenesses(values_of(photos), others.values, starts)
    return {
        others.skus[start]: round(float(likeness), 4)
        for start, likeness in zip(starts, found, strict=True)
        if likeness >= publication.alike_at_least
    }


def _pairs_of(sku: str) -> ColumnElement[bool]:
    return or_(DuplicateRow.sku == sku, DuplicateRow.other == sku)


def _check(duplicates: tuple[Duplicate, ...], publication: Publication) -> Check:
    open_ones = [pair for pair in duplicates if not pair.accepted]
    shown = (open_ones or list(duplicates))[:NAMED_AT_MOST]
    more = len(open_ones or duplicates) - len(shown)
    names = ", ".join(f"{pair.other} ({pair.likeness:.2f})" for pair in shown) + (f" and {more} more" if more else "")
    meaning = "this may be a second shoot of one product" if open_ones else "a person has accepted that"
    return Check(
        name="near_duplicate",
        value=shown[0].likeness,
        unit="",
        threshold=publication.alike_at_least,
        passed=not open_ones,
        severity="review",
        words=f"the photos look like those of {names}: {meaning}",
    )


def _flagged(entry: AssetEntry, check: Check, waits: bool) -> AssetEntry:
    changes: dict[str, object] = {"checks": (*entry.record.checks, check)}
    state = entry.state
    if not check.passed:
        changes["reasons"] = (*entry.record.reasons, check.words)
        if entry.record.verdict == "published":
            changes["verdict"] = "in review"
            state = "in review" if waits else state
    return entry.model_copy(update={"record": entry.record.model_copy(update=changes), "state": state})
