"""Reads captions with their claims from the catalog."""

from sqlalchemy import select
from sqlalchemy.orm import Session

from pipeline.catalog.caption_tables import CaptionRow, ClaimRow
from pipeline.catalog.database import Catalog
from pipeline.catalog.rows import record_of
from pipeline.core.domain import Frozen
from pipeline.core.errors import BadInput
from pipeline.core.evidence import Claim, Evidence
from pipeline.core.records import Caption


class CaptionView(Frozen):
    """One product's caption in one language, its claims in their order, and the evidence that they name."""

    caption: Caption
    evidence: Evidence
    claims: tuple[Claim, ...]


def read_captions(catalog: Catalog, sku: str) -> tuple[CaptionView, ...]:
    """The captions of a product, by language. Raises BadInput when it has none."""
    with catalog.read() as session:
        captions = captions_of(session, sku)
    if not captions:
        raise BadInput(
            f"the catalog has no caption of {sku!r}",
            remedy="List the products with `catalog assets`, or run the shoot first",
        )
    return captions


def captions_of(session: Session, sku: str) -> tuple[CaptionView, ...]:
    """The captions of a product, by language."""
    rows = session.scalars(select(CaptionRow).where(CaptionRow.sku == sku).order_by(CaptionRow.language)).all()
    claims = session.scalars(select(ClaimRow).where(ClaimRow.sku == sku).order_by(ClaimRow.position)).all()
    return tuple(
        CaptionView(
            evidence=Evidence.model_validate(row.evidence),
            caption=record_of(Caption, row),
            claims=tuple(record_of(Claim, claim) for claim in claims if claim.language == row.language),
        )
        for row in rows
    )
