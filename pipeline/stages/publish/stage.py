"""publish: writes a shoot's assets, texts and lineage into the catalog database.

It always runs, and changes only rows that differ.
"""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any, Literal, TypeVar

from pydantic import Field, ValidationError

from pipeline.catalog.database import Catalog
from pipeline.catalog.entries import (
    AssetEntry,
    AssetState,
    Publication,
    asset_id,
)
from pipeline.catalog.publishing import Published, publish
from pipeline.catalog.vectors import entries_of
from pipeline.contract.ancestry import Ancestry, ancestry
from pipeline.contract.artifact import Artifact
from pipeline.contract.stage import Resources, Stage
from pipeline.contract.work import Work
from pipeline.core.domain import AngleDecision, Frozen, Name
from pipeline.core.errors import BadInput, CatalogError, Held, brief
from pipeline.core.evidence import Claim, Evidence
from pipeline.core.npy import from_npy
from pipeline.core.records import AssetRecord, Caption, Picture, load_list
from pipeline.core.vectors import VectorIndex
from pipeline.stages.publish.lineage import lineage_entries
from pipeline.stages.publish.request import entry_of, for_review, read_request

T = TypeVar("T", bound=Frozen)


class Inputs(Frozen):
    """The outputs of the steps above; None where a step was held, and the catalog keeps its earlier rows.

    `request`: JSON EditPlan of the brief that the assets are made for; None: they are those of shoot.yaml.
    """

    assets: Artifact | None = None
    checks: Artifact | None = None
    caption: Artifact | None = None
    claims: Artifact | None = None
    evidence: Artifact | None = None
    decisions: Artifact | None = None
    pictures: Artifact | None = None
    backdrop_pictures: Artifact | None = None
    sheet: Artifact | None = None
    request: Artifact | None = None
    vectors: Artifact | None = None
    vector_index: Artifact | None = None


class Params(Frozen):
    """The product that the assets show, and what happens to assets in review."""

    sku: Name
    collection: Name
    title: str = ""
    brand: str = ""
    category: str = ""
    attributes: dict[str, str] = {}
    in_review: Literal["wait", "publish"] = Field(
        default="wait",
        description="what happens to an asset in review: it waits for a person, or is published at once",
    )


class Report(Frozen):
    """The number of assets by state, and of catalog rows that this call changed (0: the catalog was up to date)."""

    assets: int
    published: int
    in_review: int
    rejected: int
    refused_angles: int
    steps: int
    rows_inserted: int
    rows_updated: int
    rows_deleted: int
    near_duplicates: tuple[str, ...] = Field(default=(), description="products whose photos look like this one's")
    lost_items: tuple[str, ...] = ()


class Outputs(Frozen):
    """Only a report: the result is the rows in the catalog."""

    report: Report


def run(inputs: Inputs, params: Params, work: Work) -> Outputs:
    """Publish in one transaction.

    Raises Held without any asset, BadInput without a database, CatalogError when it cannot be reached; nothing is
    changed then.
    """
    if work.catalog_url is None:
        raise BadInput("publish has no catalog database", remedy="Set CATALOG_DATABASE_URL")
    if inputs.assets is None or not work.tree(inputs.assets):
        raise _nothing_to_publish(inputs, work)
    lineage = ancestry(work.store, work.upstream)
    request = read_request(inputs.request, work)
    assets = _assets(inputs, params, lineage, work)
    publication = Publication(
        **params.model_dump(include={"sku", "collection", "title", "brand", "category", "attributes"}),
        review_waits=params.in_review == "wait",
        **lineage_entries(lineage),
        **(_whole(inputs, lineage, work) if request is None else {}),
        assets=assets if request is None else for_review(assets or (), request),
        request=None if request is None else entry_of(request, params.sku),
    )
    work.progress(0, 1, "writing into the catalog")
    published = publish(Catalog(work.catalog_url), publication, datetime.now(UTC))
    return Outputs(report=_report(publication, published, lineage))


def _whole(inputs: Inputs, lineage: Ancestry, work: Work) -> dict[str, Any]:
    """The fields of a Publication that describe the whole product, which a request leaves as they are."""
    return {
        "angles": _angles(inputs, work),
        "caption": _caption(inputs, work),
        "claims": tuple(_read(Claim, inputs.claims, "claims", work)) if inputs.claims else None,
        "evidence": Evidence.model_validate_json(work.read(inputs.evidence)) if inputs.evidence else None,
        "caption_step_key": lineage.producer(inputs.caption) if inputs.caption else None,
        "sheet_sha256": inputs.sheet.sha256 if inputs.sheet else None,
        **_vectors(inputs, lineage, work),
    }


def _report(publication: Publication, published: Published, lineage: Ancestry) -> Report:
    states, changes = [entry.state for entry in published.assets], published.changes
    return Report(
        assets=len(states),
        published=states.count("published"),
        in_review=states.count("in review"),
        rejected=states.count("rejected"),
        refused_angles=sum(decision.source == "refused" for decision in publication.angles or ()),
        steps=len(publication.steps),
        rows_inserted=changes.inserted,
        rows_updated=changes.updated,
        rows_deleted=changes.deleted,
        near_duplicates=tuple(pair.other for pair in published.duplicates),
        lost_items=lineage.lost,
    )


def _nothing_to_publish(inputs: Inputs, work: Work) -> Held:
    decisions = _angles(inputs, work) or ()
    refused = [f"{decision.angle.name}: {decision.reason}" for decision in decisions if decision.source == "refused"]
    why = f"{len(refused)} of {len(decisions)} angles refused: {brief(refused)}" if refused else "composite made none"
    return Held(
        f"no asset to publish; {why}", code="publish-no-asset", remedy="Resolve the refused angles, then run again"
    )


def _assets(inputs: Inputs, params: Params, lineage: Ancestry, work: Work) -> tuple[AssetEntry, ...] | None:
    if inputs.assets is None or inputs.checks is None:
        return None
    files = work.tree(inputs.assets)
    records = _read(AssetRecord, inputs.checks, "checks", work)
    _refuse_duplicates([asset_id(params.sku, record) for record in records], "asset")
    for record in records:
        _refuse_duplicates([check.name for check in record.checks], f"check of asset {record.path}")
        if record.path not in files:
            raise CatalogError(f"composite lists {record.path} but did not make it", remedy="Run composite again")
    return tuple(
        AssetEntry(
            record=record,
            sha256=files[record.path].sha256,
            size_bytes=files[record.path].size,
            state=_state(record, params),
            step_key=lineage.producer(files[record.path], f"{record.angle}/{record.backdrop}/{record.channel}"),
        )
        for record in records
    )


def _state(record: AssetRecord, params: Params) -> AssetState:
    if record.verdict == "rejected":
        return "rejected"
    if record.verdict == "in review" and params.in_review == "wait":
        return "in review"
    return "published"


def _angles(inputs: Inputs, work: Work) -> tuple[AngleDecision, ...] | None:
    """The decisions of coverage, corrected where render could not follow them, for example because splat was held."""
    if inputs.decisions is None:
        return None
    decisions = _read(AngleDecision, inputs.decisions, "decisions", work)
    pictures = _read(Picture, inputs.pictures, "pictures", work) if inputs.pictures else []
    by_angle = {picture.angle.name: picture for picture in pictures}
    return tuple(_as_rendered(decision, by_angle.get(decision.angle.name)) for decision in decisions)


def _as_rendered(decision: AngleDecision, picture: Picture | None) -> AngleDecision:
    if picture is None or picture.source == decision.source:
        return decision
    return decision.model_copy(update={"source": picture.source, "photo": picture.photo, "reason": picture.reason})


def _caption(inputs: Inputs, work: Work) -> Caption | None:
    return Caption.model_validate_json(work.read(inputs.caption)) if inputs.caption else None


def _vectors(inputs: Inputs, lineage: Ancestry, work: Work) -> dict[str, Any]:
    """The fields of a Publication that hold the vectors; none where no vectors were made."""
    if inputs.vectors is None or inputs.vector_index is None:
        return {}
    index = VectorIndex.model_validate_json(work.read(inputs.vector_index))
    return {
        "vectors": entries_of(index, from_npy(work.read(inputs.vectors))),
        "vectors_step_key": lineage.producer(inputs.vectors),
        "alike_at_least": index.alike_at_least,
    }


def _read(kind: type[T], artifact: Artifact, name: str, work: Work) -> list[T]:
    try:
        return load_list(kind, work.read(artifact))
    except ValidationError as error:
        raise CatalogError(
            f"{name} is not a list of {kind.__name__}: {error.errors()[0]['msg']}",
            remedy="Run the step that made it again",
        ) from error


def _refuse_duplicates(names: Sequence[str], what: str) -> None:
    duplicates = sorted({name for name in names if names.count(name) > 1})
    if duplicates:
        raise CatalogError(
            f"{what} {duplicates[0]} exists twice", remedy="Give each channel, backdrop and check its own name"
        )


STAGE = Stage(
    "publish", 5, Inputs, Params, Outputs, run, resources=Resources(cores=1, memory="2Gi", scratch="2Gi"), cached=False
)
