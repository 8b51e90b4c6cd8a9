"""Where an asset came from: every step, model, setting and photo behind it, and what it cost."""

from itertools import takewhile
from pathlib import PurePath
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from pipeline.catalog.database import Catalog
from pipeline.catalog.queries import AssetDetail, read_asset
from pipeline.catalog.tables import InputRow, ItemRow, StepRow
from pipeline.core.domain import Frozen


class LineageStep(Frozen):
    """One computation behind an asset. `models`: what params and report say of engine, model, checkpoint, licence."""

    key: str
    stage: str
    item: str | None
    version: int
    engine: str | None
    params: dict[str, Any]
    models: dict[str, str]
    report: dict[str, Any]
    started_at: str
    seconds: float
    own_seconds: float
    peak_memory_mb: float
    cost_usd: float
    own_cost_usd: float
    device: str
    host: str
    versions: dict[str, str]
    image_digest: str | None

    @property
    def title(self) -> str:
        """The stage, and which of its items where it is one."""
        return f"{self.stage} {self.item}" if self.item else self.stage


class LineageEdge(Frozen):
    """`step_key` read these bytes as its input `name`; `producer_key` made them, or they came with the shoot (None)."""

    step_key: str
    name: str
    path: str
    sha256: str
    media_type: str
    producer_key: str | None
    source_path: str | None


class SourcePhoto(Frozen):
    """A file as it came with the shoot."""

    name: str
    sha256: str
    media_type: str


class Lineage(Frozen):
    """An asset and all that is behind it. `steps` starts with the one that made the asset; none comes twice."""

    detail: AssetDetail
    steps: tuple[LineageStep, ...]
    edges: tuple[LineageEdge, ...]
    seconds: float
    cost_usd: float

    def step(self, key: str) -> LineageStep:
        """The step with this key."""
        return next(step for step in self.steps if step.key == key)

    def sources(self, key: str | None = None) -> list[SourcePhoto]:
        """The files of the shoot that a step read, or all without a key; the asset's own photo first, then by name."""
        found = {
            edge.sha256: SourcePhoto(
                name=edge.source_path or edge.path or edge.name, sha256=edge.sha256, media_type=edge.media_type
            )
            for edge in self.edges
            if edge.producer_key is None and key in {None, edge.step_key}
        }
        return sorted(found.values(), key=lambda file: (not self._is_own(PurePath(file.name).stem), file.name))

    def above(self, key: str) -> list[tuple[LineageStep, list[LineageEdge]]]:
        """The steps whose bytes a step read, each with those bytes: those of the asset's own photo, then by title."""
        read: dict[str, list[LineageEdge]] = {}
        for edge in self.edges:
            if edge.step_key == key and edge.producer_key is not None:
                read.setdefault(edge.producer_key, []).append(edge)
        found = [(self.step(producer), edges) for producer, edges in read.items()]
        return sorted(found, key=lambda pair: (not self._is_own(pair[0].item), pair[0].title))

    def _is_own(self, photo: str | None) -> bool:
        """Whether this is the photo that the asset was cut out of: the splat read them all, to correct its outline."""
        return photo is not None and photo == self.detail.photo


def read_lineage(catalog: Catalog, asset_id: str) -> Lineage:
    """Walk from an asset to the photos. Raises BadInput when the catalog has no such asset."""
    detail = read_asset(catalog, asset_id)
    with catalog.read() as session:
        asset = detail.asset
        steps, edges = _walk(session, asset.step_key, (asset.angle, asset.backdrop, asset.channel))
    return Lineage(
        detail=detail,
        steps=tuple(steps),
        edges=tuple(edges),
        seconds=round(sum(step.own_seconds for step in steps), 3),
        cost_usd=round(sum(step.own_cost_usd for step in steps), 6),
    )


def _walk(session: Session, start: str | None, wanted: tuple[str, ...]) -> tuple[list[LineageStep], list[LineageEdge]]:
    """Breadth first, a generation a query: the depth is that of the graph, about ten."""
    seen: dict[str, None] = {}
    edges: list[LineageEdge] = []
    generation = [start] if start else []
    while generation:
        seen.update(dict.fromkeys(generation))
        read = _edges(session, generation)
        edges += read
        above = dict.fromkeys(edge.producer_key for edge in read if edge.producer_key)
        generation = [key for key in above if key not in seen]
    rows = {row.key: row for row in session.scalars(select(StepRow).where(StepRow.key.in_(list(seen))))}
    names = _item_names(session, list(seen), wanted)
    return [_step(rows[key], names.get(key)) for key in seen], edges


def _item_names(session: Session, keys: list[str], wanted: tuple[str, ...]) -> dict[str, str]:
    """The name of each step that ran as an item. Where one serves several angles: the asset's own."""
    query = select(ItemRow.item_key, ItemRow.name).where(ItemRow.item_key.in_(keys)).order_by(ItemRow.name)
    names: dict[str, str] = {}
    for key, name in session.execute(query):
        if key not in names or _alike(name, wanted) > _alike(names[key], wanted):
            names[key] = name
    return names


def _alike(name: str, wanted: tuple[str, ...]) -> int:
    return sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], zip(name.split("/"), wanted, strict=False)))


def _edges(session: Session, keys: list[str]) -> list[LineageEdge]:
    """What these steps read: single artifacts, and the files of folders instead of the folders."""
    query = (
        select(InputRow)
        .where(InputRow.step_key.in_(keys), InputRow.media_type != "application/vnd.catalog.tree+json")
        .order_by(InputRow.step_key, InputRow.name, InputRow.path)
    )
    return [
        LineageEdge(**{name: getattr(row, name) for name in LineageEdge.model_fields}) for row in session.scalars(query)
    ]


def _step(row: StepRow, item: str | None) -> LineageStep:
    direct = {
        name: getattr(row, name)
        for name in LineageStep.model_fields
        if name not in {"item", "models", "started_at", "versions"}
    }
    return LineageStep(
        item=item,
        models=models_of(row.report) | models_of(row.params),
        started_at=row.started_at.isoformat(timespec="seconds"),
        versions=row.versions,
        **direct,
    )


def models_of(params: dict[str, Any]) -> dict[str, str]:
    """The values that answer "which model, under which licence", also from nested ones, as `name: text`."""
    words = ("engine", "model", "checkpoint", "licence", "license", "revision")
    found: dict[str, str] = {}
    for name, value in params.items():
        if isinstance(value, dict):
            found |= {f"{name}.{inner}": text for inner, text in models_of(value).items()}
        elif isinstance(value, str | int) and any(word in name.lower() for word in words):
            found[name] = str(value)
    return found
