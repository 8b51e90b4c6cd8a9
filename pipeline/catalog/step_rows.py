"""Writes the steps of a publication, and what they read and made."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from pipeline.catalog.among import among
from pipeline.catalog.entries import Publication
from pipeline.catalog.sync import Changes, read_rows, sync, sync_with
from pipeline.catalog.tables import InputRow, ItemRow, OutputRow, StepRow
from pipeline.core.errors import CatalogError

StepIds = Mapping[str | None, int | None]  # `steps.id` by key; None, for no step, has None


def write_steps(session: Session, publication: Publication) -> tuple[StepIds, Changes]:
    """Write the steps of a publication, numbering new ones; return the number of every step that it names.

    Raises CatalogError for a step that neither the publication nor the catalog has.
    """
    keys = [step.key for step in publication.steps]
    existing = read_rows(session, StepRow, among(StepRow.key, keys))
    ids: dict[str | None, int | None] = {None: None, **{row.key: identity for identity, row in existing.items()}}
    last = session.scalar(select(func.max(StepRow.id))) or 0  # writers are serialised
    ids.update((key, number) for number, key in enumerate((key for key in keys if key not in ids), last + 1))
    ids.update(_others(session, {*_named(publication)} - ids.keys()))
    rows = ({"id": ids[step.key], **vars(step)} for step in publication.steps)
    changes = sync_with(session, StepRow, existing, rows, keep=True)
    inputs = (
        {"step_id": ids[edge.step_key], "producer_id": ids[edge.producer_key], **vars(edge)}
        for edge in publication.inputs
    )
    outputs = ({"step_id": ids[made.step_key], **vars(made)} for made in publication.outputs)
    items = ({"step_id": ids[item.step_key], "item_id": ids[item.item_key], **vars(item)} for item in publication.items)
    return ids, changes + _sync_all(session, existing, {InputRow: inputs, OutputRow: outputs, ItemRow: items})


def _sync_all(session: Session, known: Iterable[int], rows: Mapping[type[Any], Iterator[dict[str, Any]]]) -> Changes:
    """Write the rows of steps by table. `known`: the steps that the catalog had; others have no rows yet."""
    changes = Changes()
    for kind, values in rows.items():
        changes += sync(session, kind, among(kind.step_id, known) if known else None, values)
    return changes


def _named(publication: Publication) -> Iterator[str | None]:
    """Every step that a publication refers to."""
    for edge in publication.inputs:
        yield from (edge.step_key, edge.producer_key)
    for item in publication.items:
        yield from (item.step_key, item.item_key)
    yield from (made.step_key for made in publication.outputs)
    yield from (entry.step_key for entry in publication.assets or ())
    yield from (publication.caption_step_key, publication.vectors_step_key)


def _others(session: Session, keys: set[str | None]) -> dict[str | None, int | None]:
    """The numbers of steps that an earlier publication has written."""
    if not keys:
        return {}
    query = select(StepRow.key, StepRow.id).where(among(StepRow.key, keys))
    found: dict[str | None, int | None] = dict(session.execute(query).all())
    missing = sorted(str(key) for key in keys - found.keys())
    if missing:
        raise CatalogError(
            f"the lineage names {len(missing)} steps that are not in it, such as {missing[0][:12]}",
            remedy="Run the shoot again: its steps are then read anew from the store",
        )
    return found
