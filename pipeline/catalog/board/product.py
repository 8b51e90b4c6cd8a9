"""Everything that the catalog knows of one product."""

from datetime import datetime

from sqlalchemy import case, select
from sqlalchemy.orm import Session

from pipeline.catalog.captions import CaptionView, captions_of
from pipeline.catalog.database import Catalog
from pipeline.catalog.queries import AssetView, view_of
from pipeline.catalog.review.log import Review, review_of
from pipeline.catalog.review.standing import standing
from pipeline.catalog.rows import record_of
from pipeline.catalog.run_tables import RunRow, RunShootRow, RunStepRow
from pipeline.catalog.tables import AngleRow, AssetRow, OutputRow, RequestRow, ShootRow, StepRow
from pipeline.catalog.trace.impact import Photo, photos_of
from pipeline.core.domain import Frozen
from pipeline.core.errors import BadInput

RUNS_SHOWN = 20


class ProductAngle(Frozen):
    """A requested angle and what coverage decided; the fields are those of the table `angles`."""

    angle: str
    azimuth_deg: float
    elevation_deg: float
    source: str
    photo: str | None
    nearest_photo: str | None
    nearest_deg: float | None
    reason: str


class HeldStep(Frozen):
    """A step of the last run that is held. `reason`: what is wrong and what to do. `picture_sha256`: PNG, or None."""

    step: str
    reason: str
    code: str | None
    picture_sha256: str | None


class ProductRun(Frozen):
    """How the product ended in one run."""

    run_id: str
    started_at: datetime
    fate: str
    reason: str


class ProductAsset(Frozen):
    """An asset and the decision that holds for it, if any."""

    asset: AssetView
    request_id: str | None
    review: Review | None


class Product(Frozen):
    """One product.

    `photos`: the source files behind its assets. `captions`: one per language, with claims and evidence. `held`: steps
    of the last run. `briefs`: by request id, what they asked for. `splat_sha256`: PLY; `coverage_plot_sha256`: PNG.
    Both are None where no run has made one, or an earlier release made it.
    """

    sku: str
    title: str | None
    brand: str | None
    category: str | None
    attributes: dict[str, str]
    collection: str
    source: str
    fate: str
    reason: str
    plan_digest: str | None
    sheet_sha256: str | None
    last_run_id: str | None
    last_run_at: datetime | None
    photos: tuple[Photo, ...]
    angles: tuple[ProductAngle, ...]
    assets: tuple[ProductAsset, ...]
    captions: tuple[CaptionView, ...]
    held: tuple[HeldStep, ...]
    runs: tuple[ProductRun, ...]
    briefs: dict[str, str]
    splat_sha256: str | None
    coverage_plot_sha256: str | None


def read_product(catalog: Catalog, sku: str) -> Product:
    """Read a product by its sku. Raises BadInput for an unknown one."""
    with catalog.read() as session:
        shoot = session.get(ShootRow, sku)
        if shoot is None:
            raise BadInput(f"the catalog has no product {sku!r}", remedy="List the assets with `catalog assets`")
        angles = session.scalars(
            select(AngleRow).where(AngleRow.sku == sku).order_by(AngleRow.azimuth_deg, AngleRow.elevation_deg)
        )
        requests = session.execute(select(RequestRow.id, RequestRow.text).where(RequestRow.sku == sku))
        runs = _runs(session, sku)
        made = _last_outputs(session, shoot, [run.run_id for run in runs])
        own = {name: getattr(shoot, name) for name in Product.model_fields if name in ShootRow.__table__.columns}
        return Product(
            photos=tuple(photos_of(session, sku)),
            angles=tuple(record_of(ProductAngle, row) for row in angles),
            assets=_assets(session, shoot),
            captions=captions_of(session, sku),
            held=_held(session, shoot),
            runs=runs,
            briefs=dict(requests.all()),
            splat_sha256=made.get(("splat", "splat")),
            coverage_plot_sha256=made.get(("coverage", "plot")),
            **own,
        )


def _assets(session: Session, shoot: ShootRow) -> tuple[ProductAsset, ...]:
    rows = session.scalars(select(AssetRow).where(AssetRow.sku == shoot.sku).order_by(AssetRow.id)).all()
    reviews = standing(session, [row.id for row in rows])
    found = []
    for row in rows:
        review = reviews.get((row.id, row.sha256))
        shown = review_of(review, holds=True) if review else None
        found.append(ProductAsset(asset=view_of(row, shoot), request_id=row.request_id, review=shown))
    return tuple(found)


def _held(session: Session, shoot: ShootRow) -> tuple[HeldStep, ...]:
    """The steps that are held themselves, without those below them."""
    step = RunStepRow
    query = select(step).where(step.run_id == shoot.last_run_id, step.sku == shoot.sku, step.state == "held")
    return tuple(
        HeldStep(step=row.step, reason=row.reason, code=row.code, picture_sha256=row.picture_sha256)
        for row in session.scalars(query.order_by(step.at))
        if not row.reason.startswith("held by ")
    )


def _runs(session: Session, sku: str) -> tuple[ProductRun, ...]:
    query = (
        select(RunShootRow, RunRow.started_at)
        .join(RunRow, RunRow.run_id == RunShootRow.run_id)
        .where(RunShootRow.sku == sku)
        .order_by(RunRow.started_at.desc(), RunRow.run_id)
        .limit(RUNS_SHOWN)
    )
    return tuple(
        ProductRun(run_id=row.run_id, started_at=started_at, fate=row.fate, reason=row.reason)
        for row, started_at in session.execute(query)
    )


def _last_outputs(session: Session, shoot: ShootRow, run_ids: list[str]) -> dict[tuple[str, str], str]:
    """Digests of what coverage and splat last made in these runs, by step and output.

    Runs of the shoot's present plan count first: a brief has a plan of its own, and coverage of its angles alone.
    """
    is_own = RunShootRow.plan_digest.is_not_distinct_from(shoot.plan_digest)
    query = (
        select(RunStepRow.step, OutputRow.name, OutputRow.sha256)
        .join(StepRow, StepRow.key == RunStepRow.step_key)
        .join(OutputRow, OutputRow.step_id == StepRow.id)
        .join(RunShootRow, (RunShootRow.run_id == RunStepRow.run_id) & (RunShootRow.sku == RunStepRow.sku))
        .where(RunStepRow.run_id.in_(run_ids), RunStepRow.sku == shoot.sku)
        .where(RunStepRow.step.in_(("coverage", "splat")), OutputRow.path == "")
        .order_by(case((is_own, 1), else_=0), RunStepRow.at)
    )
    return {(step, name): sha256 for step, name, sha256 in session.execute(query)}
