"""What publish writes of the brief that a run was made for."""

from pipeline.catalog.entries import AssetEntry, RequestEntry
from pipeline.contract.artifact import Artifact
from pipeline.contract.work import Work
from pipeline.language.briefs.plan import EditPlan


def read_request(request: Artifact | None, work: Work) -> EditPlan | None:
    """The brief's plan, or None in a run of the whole shoot."""
    return None if request is None else EditPlan.model_validate_json(work.read(request))


def entry_of(request: EditPlan, sku: str) -> RequestEntry:
    """The brief as the catalog stores it."""
    return RequestEntry(
        id=request.id_for(sku),
        text=request.text,
        language=request.language,
        parser=request.parser,
        plan=request.model_dump(mode="json"),
    )


def for_review(assets: tuple[AssetEntry, ...], request: EditPlan) -> tuple[AssetEntry, ...]:
    """The assets, for a person to look at if the brief has wishes that would alter the product and are not done."""
    open_wishes = [wish.text for wish in request.wishes if wish.alters_product]
    if not open_wishes:
        return assets
    why = f"the brief also asks to alter the product, which is not done: {'; '.join(open_wishes)}"
    return tuple(
        entry.model_copy(
            update={
                "state": "in review" if entry.state == "published" else entry.state,
                "record": entry.record.model_copy(update={"reasons": (*entry.record.reasons, why)}),
            }
        )
        for entry in assets
    )
