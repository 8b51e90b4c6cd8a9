"""The lineage of an asset: every step, model, setting and photo behind it, and what it cost."""

from itertools import takewhile
from pathlib import PurePath
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from pipeline.catalog.database import Catalog
from pipeline.catalog.queries import AssetDetail, read_asset
from pipeline.catalog.tables import InputRow, ItemRow, StepRow
from pipeline.core.domain import Frozen
from pipeline.core.media import JSON
from pipeline.core.photo_names import is_name_of


class LineageStep(Frozen):
    """One computation behind an asset.

    `models`: the entries of params and report that name an engine, model, checkpoint or licence.
    """

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
        """The stage's name, followed by the item's name if the step is an item."""
        return f"{self.stage} {self.item}" if self.item else self.stage


class LineageEdge(Frozen):
    """The bytes that step `step_key` read as its input `name`.

    `producer_key`: the step that made them; None for a file of the shoot.
    """

    step_key: str
    name: str
    path: str
    sha256: str
    media_type: str
    producer_key: str | None
    source_path: str | None


class SourcePhoto(Frozen):
    """A source file of the shoot."""

    name: str
    sha256: str
    media_type: str


class Lineage(Frozen):
    """An asset and everything it was made from. `steps`: without duplicates, the step that made the asset first."""

    detail: AssetDetail
    steps: tuple[LineageStep, ...]
    edges: tuple[LineageEdge, ...]
    seconds: float
    cost_usd: float

    def step(self, key: str) -> LineageStep:
        """The step with this key."""
        return next(step for step in self.steps if step.key == key)

    def sources(self, key: str | None = None) -> list[SourcePhoto]:
        """The files of the shoot read by step `key`, or by any step; the asset's own photo first, then by name."""
        photos = {
            edge.sha256: SourcePhoto(
                name=edge.source_path or edge.path or edge.name, sha256=edge.sha256, media_type=edge.media_type
            )
            for edge in self.edges
            if edge.producer_key is None and key in {None, edge.step_key} and edge.media_type != JSON
        }
        return sorted(photos.values(), key=lambda photo: (not self._is_file_of_own(photo.name), photo.name))

    @property
    def photo(self) -> str | None:
        """The file of the photo that the asset was cut out of, as the photographer knows it; None if rendered."""
        shot = (edge for edge in self.edges if edge.producer_key is None and edge.name.startswith("photo"))
        files = sorted({edge.source_path or edge.path or edge.name for edge in shot})
        return next(filter(self._is_file_of_own, files), self.detail.photo)

    def parents(self, key: str) -> list[tuple[LineageStep, list[LineageEdge]]]:
        """The steps whose outputs step `key` read, with its edges: own photo first, then by title."""
        read: dict[str, list[LineageEdge]] = {}
        for edge in self.edges:
            if edge.step_key == key and edge.producer_key is not None:
                read.setdefault(edge.producer_key, []).append(edge)
        parents = [(self.step(producer), edges) for producer, edges in read.items()]
        return sorted(parents, key=lambda pair: (not self._is_own(pair[0].item), pair[0].title))

    def _is_file_of_own(self, file: str) -> bool:
        return self.detail.photo is not None and is_name_of(self.detail.photo, PurePath(file).name)

    def _is_own(self, photo: str | None) -> bool:
        """Whether the asset was cut out of this photo. The other photos were read too, by the splat."""
        return photo is not None and photo == self.detail.photo


def read_lineage(catalog: Catalog, asset_id: str) -> Lineage:
    """Read the lineage from an asset to its photos. Raises BadInput when the catalog has no such asset."""
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


def _walk(session: Session, start: str | None, asset: tuple[str, ...]) -> tuple[list[LineageStep], list[LineageEdge]]:
    """Walk breadth first, one query per generation: about ten, the depth of the graph."""
    seen: dict[str, None] = {}
    edges: list[LineageEdge] = []
    generation = [start] if start else []
    while generation:
        seen.update(dict.fromkeys(generation))
        read = _edges(session, generation)
        edges += read
        parents = dict.fromkeys(edge.producer_key for edge in read if edge.producer_key)
        generation = [key for key in parents if key not in seen]
    rows = {row.key: row for row in session.scalars(select(StepRow).where(StepRow.key.in_(list(seen))))}
    names = _item_names(session, list(seen), asset)
    return [_step(rows[key], names.get(key)) for key in seen], edges


def _item_names(session: Session, keys: list[str], asset: tuple[str, ...]) -> dict[str, str]:
    """Item names by step key. A step that serves several items gets the name closest to the asset's."""
    query = select(ItemRow.item_key, ItemRow.name).where(ItemRow.item_key.in_(keys)).order_by(ItemRow.name)
    names: dict[str, str] = {}
    for key, name in session.execute(query):
        if key not in names or _common_parts(name, asset) > _common_parts(names[key], asset):
            names[key] = name
    return names


def _common_parts(name: str, asset: tuple[str, ...]) -> int:
    """How many leading parts of the item's name equal the asset's angle, backdrop and channel."""
    return sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], zip(name.split("/"), asset, strict=False)))


def _edges(session: Session, keys: list[str]) -> list[LineageEdge]:
    """The inputs of these steps: single artifacts, and the files of a folder artifact instead of the folder."""
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
    """The entries that name an engine, model, checkpoint, licence or revision; nested ones as `outer.inner`."""
    keywords = ("engine", "model", "checkpoint", "licence", "license", "revision")
    models: dict[str, str] = {}
    for name, value in params.items():
        if isinstance(value, dict):
            models |= {f"{name}.{inner}": text for inner, text in models_of(value).items()}
        elif isinstance(value, str | int) and any(keyword in name.lower() for keyword in keywords):
            models[name] = str(value)
    return models
