"""What a step was made with: its engines, checkpoints, licences and settings as facts that can be searched."""

import json
import re
from collections.abc import Iterable, Iterator
from typing import Any, Literal, NamedTuple

from sqlalchemy import select
from sqlalchemy.orm import Session

from pipeline.catalog.entries import StepEntry
from pipeline.catalog.fact_tables import FactRow, ShootFactRow
from pipeline.catalog.sync import Changes

Kind = Literal["engine", "checkpoint", "licence", "setting"]
LONGEST = 200  # characters of a name or value; longer text is no setting but content
KINDS: tuple[tuple[str, Kind], ...] = (  # by a word in the setting's name; the first that fits
    ("licence", "licence"),
    ("license", "licence"),
    ("checkpoint", "checkpoint"),
    ("model", "checkpoint"),
    ("revision", "checkpoint"),
    ("engine", "engine"),
)
_MEASURED = re.compile(r"\.\d{5,}")  # nobody sets so many decimals: a camera's focal length, a pose


class Fact(NamedTuple):
    """One fact; the fields are those of the table `facts`."""

    kind: Kind
    name: str
    value: str


def facts_of(stage: str, params: dict[str, Any], report: dict[str, Any]) -> set[Fact]:
    """The facts of one step: all short settings, and what its report names of engines, checkpoints and licences.

    An item's facts have the name of its step: `composite_asset` counts as `composite`.
    """
    step = stage.partition("_")[0]
    return {*_facts(step, params), *(fact for fact in _facts(step, report) if fact.kind != "setting")}


def _facts(prefix: str, values: dict[str, Any]) -> Iterator[Fact]:
    for name, value in values.items():
        path = f"{prefix}.{name}"
        if isinstance(value, dict):
            yield from _facts(path, value)
        elif isinstance(value, str | int | float):
            text = value if isinstance(value, str) else json.dumps(value)
            measured = isinstance(value, float) and _MEASURED.search(text)
            if len(path) <= LONGEST and len(text) <= LONGEST and not measured:
                yield Fact(kind_of(name), path, text)


def kind_of(name: str) -> Kind:
    """The kind of a fact by the last part of its name."""
    lowered = name.lower()
    return next((kind for word, kind in KINDS if word in lowered), "setting")


def note_facts(session: Session, sku: str, steps: Iterable[StepEntry]) -> Changes:
    """Add what these steps were made with to the facts of a shoot. What is known already stays."""
    found = set().union(*(facts_of(step.stage, step.params, step.report) for step in steps))
    if not found:
        return Changes()
    ids, added = _ids(session, found)
    rows = select(ShootFactRow.fact_id).where(ShootFactRow.sku == sku, ShootFactRow.fact_id.in_(list(ids.values())))
    missing = sorted(set(ids.values()) - set(session.scalars(rows)))
    session.add_all([ShootFactRow(fact_id=fact_id, sku=sku) for fact_id in missing])
    session.flush()
    return Changes(inserted=added + len(missing))


def _ids(session: Session, found: set[Fact]) -> tuple[dict[Fact, int], int]:
    """The id of each fact, and how many were new."""
    query = select(FactRow).where(FactRow.name.in_(sorted({fact.name for fact in found})))
    ids = {Fact(row.kind, row.name, row.value): row.id for row in session.scalars(query)}  # type: ignore[arg-type]
    new = [FactRow(**fact._asdict()) for fact in sorted(found - ids.keys())]
    session.add_all(new)
    session.flush()
    ids |= {Fact(row.kind, row.name, row.value): row.id for row in new}  # type: ignore[arg-type]
    return {fact: ids[fact] for fact in found}, len(new)
