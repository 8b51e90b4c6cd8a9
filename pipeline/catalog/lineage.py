"""The lineage of an asset, of now or of before: every step, model, setting and photo behind it, and what it cost."""

from collections.abc import Mapping
from datetime import datetime
from functools import cache
from itertools import takewhile
from pathlib import PurePath
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from pipeline.catalog.among import among
from pipeline.catalog.database import Catalog
from pipeline.catalog.queries import AssetDetail, asset_detail
from pipeline.catalog.rows import record_of
from pipeline.catalog.tables import TREE, InputRow, ItemRow
from pipeline.catalog.version_tables import VersionRow
from pipeline.catalog.versions import Version, find_version, version_of
from pipeline.catalog.views import ASSET_LINEAGE
from pipeline.core.domain import Frozen
from pipeline.core.licences.gate import weights_in
from pipeline.core.licences.settings import in_words
from pipeline.core.media import JSON
from pipeline.core.photo_names import is_name_of

MODEL_WORDS = ("engine", "model", "checkpoint", "licence", "license", "revision")  # in the name of a setting


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
    """A version of an asset and everything it was made from.

    `steps`: without duplicates, the step that made the asset first. `detail`: the asset as it is now; `version`: what
    it was then.
    """

    detail: AssetDetail
    version: Version
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

    @property
    def licences(self) -> tuple[str, ...]:
        """The licence of every checkpoint behind the asset, as `stage: name (use, says who)`; without duplicates."""
        found = (
            f"{step.stage.partition('_')[0]}: {in_words(weights.licence)}"
            for step in self.steps
            for weights in weights_in(step.params)
        )
        return tuple(sorted(set(found)))

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


def read_lineage(
    catalog: Catalog, asset_id: str, *, as_of: datetime | None = None, number: int | None = None
) -> Lineage:
    """Read the lineage from an asset to its photos: of the version made at a time, of one by number, or of the last.

    Raises BadInput when the catalog has no such asset or version.
    """
    with catalog.read() as session:
        detail = asset_detail(session, asset_id)
        asset = detail.asset
        version = find_version(session, asset_id, as_of=as_of, number=number)
        steps, edges = _walk(session, version, (asset.angle, asset.backdrop, asset.channel))
        found = version_of(version)
    return Lineage(
        detail=detail,
        version=found,
        steps=tuple(steps),
        edges=tuple(edges),
        seconds=round(sum(step.own_seconds for step in steps), 3),
        cost_usd=round(sum(step.own_cost_usd for step in steps), 6),
    )


def _walk(session: Session, version: VersionRow, asset: tuple[str, ...]) -> tuple[list[LineageStep], list[LineageEdge]]:
    """The steps behind a version, breadth first from the one that made it, and their edges."""
    view = ASSET_LINEAGE.c
    query = select(ASSET_LINEAGE).where(view.asset_id == version.asset_id, view.number == version.number)
    rows = {row["step_id"]: dict(row) for row in session.execute(query).mappings()}
    keys = {identity: row["step_key"] for identity, row in rows.items()}
    edges = _edges(session, keys)
    parents: dict[str, list[str]] = {}
    for edge in edges:
        if edge.producer_key is not None:
            parents.setdefault(edge.step_key, []).append(edge.producer_key)
    order: dict[str, None] = {}
    generation = [version.step_key] if version.step_key else []
    while generation:
        order.update(dict.fromkeys(generation))
        above = dict.fromkeys(parent for key in generation for parent in parents.get(key, []))
        generation = [key for key in above if key not in order]
    names = _item_names(session, keys, asset)
    by_key = {row["step_key"]: row for row in rows.values()}
    return [_step(by_key[key], names.get(key)) for key in order], edges


def _item_names(session: Session, keys: Mapping[int, str], asset: tuple[str, ...]) -> dict[str, str]:
    """Item names by step key. A step that serves several items gets the name closest to the asset's."""
    query = select(ItemRow.item_id, ItemRow.name).where(among(ItemRow.item_id, keys)).order_by(ItemRow.name)
    names: dict[str, str] = {}
    for identity, name in session.execute(query):
        key = keys[identity]
        if key not in names or _common_parts(name, asset) > _common_parts(names[key], asset):
            names[key] = name
    return names


def _common_parts(name: str, asset: tuple[str, ...]) -> int:
    """How many leading parts of the item's name equal the asset's angle, backdrop and channel."""
    return sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], zip(name.split("/"), asset, strict=False)))


def _edges(session: Session, keys: Mapping[int, str]) -> list[LineageEdge]:
    """The inputs of these steps: single artifacts, and the files of a folder artifact instead of the folder."""
    names = LineageEdge.model_fields.keys() - {"step_key", "producer_key"}
    query = (
        select(InputRow.step_id, InputRow.producer_id, *(getattr(InputRow, name) for name in names))
        .where(among(InputRow.step_id, keys), InputRow.media_type != TREE)
        .order_by(InputRow.step_id, InputRow.name, InputRow.path)
    )
    return [
        record_of(LineageEdge, row, step_key=keys[row.step_id], producer_key=keys.get(row.producer_id))
        for row in session.execute(query)
    ]


def _step(row: Mapping[str, Any], item: str | None) -> LineageStep:
    direct = {
        name: row[name] for name in LineageStep.model_fields if name not in {"key", "item", "models", "started_at"}
    }
    return LineageStep(
        key=row["step_key"],
        item=item,
        models=models_of(row["report"]) | models_of(row["params"]),
        started_at=row["started_at"].isoformat(timespec="seconds"),
        **direct,
    )


def models_of(params: dict[str, Any]) -> dict[str, str]:
    """The entries that name an engine, model, checkpoint, licence or revision; nested ones as `outer.inner`."""
    models: dict[str, str] = {}
    for name, value in params.items():
        if isinstance(value, dict):
            models |= {f"{name}.{inner}": text for inner, text in models_of(value).items()}
        elif isinstance(value, str | int) and _names_model(name):
            models[name] = str(value)
    return models


@cache
def _names_model(setting: str) -> bool:
    return any(keyword in setting.lower() for keyword in MODEL_WORDS)
