"""What a step was made with: its engines, checkpoints, licences and settings as facts that can be searched."""

import hashlib
import re
from collections.abc import Iterable, Iterator
from functools import cache, lru_cache
from typing import Any, Literal, NamedTuple

from sqlalchemy import select
from sqlalchemy.orm import Session

from pipeline.catalog.among import among
from pipeline.catalog.bulk import insert_rows
from pipeline.catalog.entries import Publication, StepEntry
from pipeline.catalog.fact_tables import FactRow, ShootFactRow
from pipeline.catalog.sync import Changes, table_of
from pipeline.catalog.tables import TREE

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


class Facts:
    """Finds the facts of steps. Settings that many steps share are read once."""

    def __init__(self) -> None:
        self._known: dict[tuple[str, str], frozenset[Fact]] = {}

    def of(self, stage: str, params: dict[str, Any], report: dict[str, Any]) -> frozenset[Fact]:
        """The facts of one step: all short settings, and what its report names of engines, checkpoints and licences.

        An item's facts have the name of its step: `composite_asset` counts as `composite`.
        """
        step = stage.partition("_")[0]
        key = (step, repr(params))
        if key not in self._known:
            self._known[key] = frozenset(_facts(step, params, settings=True))
        return self._known[key].union(_facts(step, report, settings=False))

    def of_steps(self, steps: Iterable[StepEntry]) -> set[Fact]:
        """The facts of all these steps."""
        found: set[Fact] = set()
        for step in steps:
            found |= self.of(step.stage, step.params, step.report)
        return found


def _facts(prefix: str, values: dict[str, Any], *, settings: bool) -> Iterator[Fact]:
    for name, value in values.items():
        if isinstance(value, dict):
            yield from _facts(f"{prefix}.{name}", value, settings=settings)
            continue
        kind = kind_of(name)
        if not isinstance(value, str | int | float) or (kind == "setting" and not settings):
            continue
        path, text = f"{prefix}.{name}", _text(value)
        measured = isinstance(value, float) and _MEASURED.search(text)
        if len(path) <= LONGEST and len(text) <= LONGEST and not measured:
            yield Fact(kind, path, text)


def _text(value: str | float) -> str:
    """Text as it is, other values as JSON."""
    if isinstance(value, str):
        return value
    return ("true" if value else "false") if isinstance(value, bool) else repr(value)


@cache
def kind_of(name: str) -> Kind:
    """The kind of a fact by the last part of its name."""
    lowered = name.lower()
    return next((kind for word, kind in KINDS if word in lowered), "setting")


def steps_behind(publication: Publication) -> set[str]:
    """The steps from the assets of a publication back to the photos."""
    producers: dict[str, list[str]] = {}
    for edge in publication.inputs:
        if edge.producer_key is not None and edge.media_type != TREE:
            producers.setdefault(edge.step_key, []).append(edge.producer_key)
    behind: set[str] = set()
    generation = {entry.step_key for entry in publication.assets or () if entry.step_key is not None}
    while generation:
        behind |= generation
        generation = {producer for key in generation for producer in producers.get(key, ())} - behind
    return behind


@lru_cache(maxsize=20_000)
def fact_id(fact: Fact) -> int:
    """The id of a fact: 63 bits of its digest, the same in every catalog, so that nothing is looked up to write it."""
    return int.from_bytes(hashlib.sha256("\0".join(fact).encode()).digest()[:8], "big") >> 1


def note_facts(session: Session, publication: Publication) -> Changes:
    """Add what the assets of a publication were made with to the facts of its shoot. What is known already stays."""
    sku, behind = publication.sku, steps_behind(publication)
    facts = Facts().of_steps(step for step in publication.steps if step.key in behind)
    ids = {fact_id(fact): fact for fact in facts}
    connection, known, own = session.connection(), table_of(FactRow), table_of(ShootFactRow)
    noted = connection.scalars(select(own.c.fact_id).where(own.c.sku == sku, among(ShootFactRow.fact_id, ids)))
    missing = sorted(ids.keys() - set(noted))
    if not missing:
        return Changes()
    there = set(connection.scalars(select(known.c.id).where(among(FactRow.id, missing))))
    new = [(number, *ids[number]) for number in missing if number not in there]
    insert_rows(connection, known, new)
    insert_rows(connection, own, [(number, sku) for number in missing])
    return Changes(inserted=len(new) + len(missing))
