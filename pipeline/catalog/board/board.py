"""The board: products and their angles with the state of every asset."""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from typing import Any, Literal

from sqlalchemy import Select, exists, func, select, true
from sqlalchemy.orm import Session

from pipeline.catalog.board_tables import ShootStateRow
from pipeline.catalog.database import Catalog
from pipeline.catalog.outdated import is_outdated
from pipeline.catalog.paging import MOST, Page, page
from pipeline.catalog.rows import record_of
from pipeline.catalog.run_tables import RunShootRow
from pipeline.catalog.states import bare_state
from pipeline.catalog.tables import AngleRow, AssetRow, ShootRow
from pipeline.core.domain import Frozen
from pipeline.core.errors import BadInput

State = Literal["published", "in review", "rejected", "withdrawn", "held", "refused", "missing"]
STATES: tuple[State, ...] = ("published", "in review", "rejected", "withdrawn", "held", "refused", "missing")
LONGEST_TEXT = 200
NEVER = datetime(1970, 1, 1, tzinfo=UTC)  # stands for the last run of a shoot that has none


class BoardFilter(Frozen):
    """Which products the board shows, and in what order.

    `state`, `channel`, `source`: products with an asset for which all of them hold. `text`: a part of sku or title,
    whatever its case. `run_id`: products of that run. `not_edition`: products that are outdated, this being today's
    edition. `cursor`: `Page.next` of the page before.
    """

    collection: str | None = None
    state: State | None = None
    channel: str | None = None
    source: Literal["captured", "rendered"] | None = None
    run_id: str | None = None
    not_edition: str | None = None
    text: str = ""
    sort: Literal["sku", "newest"] = "sku"
    cursor: str | None = None
    limit: int = 50


class BoardCell(Frozen):
    """One asset on the board."""

    asset_id: str
    sha256: str
    media_type: str
    state: str
    source: str
    backdrop: str
    channel: str
    request_id: str | None


class BoardAngle(Frozen):
    """One angle of a product. `state`: of an angle without assets (`held`, `refused`, `missing`), with the reason."""

    angle: str
    source: str | None
    reason: str
    state: str | None
    cells: tuple[BoardCell, ...]


class BoardProduct(Frozen):
    """One product. `fate` and `reason`: how its last run ended. `counts`: its assets and angles by state."""

    sku: str
    title: str | None
    collection: str
    fate: str
    reason: str
    last_run_id: str | None
    last_run_at: datetime | None
    counts: dict[str, int]
    angles: tuple[BoardAngle, ...]


class Facets(Frozen):
    """By what the board can be filtered: the values that there are."""

    collections: tuple[str, ...]
    channels: tuple[str, ...]
    sources: tuple[str, ...]


def read_board(catalog: Catalog, wanted: BoardFilter) -> Page[BoardProduct]:
    """One page of the board. Raises BadInput for an unusable limit, text or cursor."""
    if not 1 <= wanted.limit <= MOST:
        raise BadInput(f"{wanted.limit} products on one page", remedy=f"Ask for 1 to {MOST}, and for the next page")
    query = _matching(select(ShootRow), wanted)
    if wanted.state or wanted.channel or wanted.source:
        query = query.where(exists().where(ShootStateRow.sku == ShootRow.sku, *_of_assets(wanted)))
    with catalog.read() as session:
        shoots: list[ShootRow] = []
        for part in _sorted(query, wanted):
            shoots += session.scalars(part.limit(wanted.limit + 1 - len(shoots)))
            if len(shoots) > wanted.limit:
                break
        rows = page(shoots, wanted.limit, lambda row: _cursor(row, wanted))
        return Page(rows=_products(session, rows.rows), next=rows.next)


def count_states(catalog: Catalog, wanted: BoardFilter) -> dict[State, int]:
    """How many assets (or angles without one) are in each state, under all of the filter but its state."""
    query = select(ShootStateRow.state, func.sum(ShootStateRow.count)).group_by(ShootStateRow.state)
    query = query.where(*_of_assets(wanted.model_copy(update={"state": None})))
    if wanted.text or {wanted.collection, wanted.run_id, wanted.not_edition} != {None}:
        query = query.where(ShootStateRow.sku.in_(_matching(select(ShootRow.sku), wanted)))
    with catalog.read() as session:
        counts = {state: int(count) for state, count in session.execute(query)}
    return {state: counts.get(state, 0) for state in STATES}


def matching_assets(catalog: Catalog, wanted: BoardFilter, most: int) -> list[str]:
    """The assets that the board shows under the filter, on all of its pages, sorted; at most `most`."""
    query = _matching(select(AssetRow.id).join(ShootRow, ShootRow.sku == AssetRow.sku), wanted)
    for name in ("state", "channel", "source"):
        if getattr(wanted, name) is not None:
            query = query.where(getattr(AssetRow, name) == getattr(wanted, name))
    if wanted.state is None:
        query = query.where(AssetRow.state != "withdrawn")
    with catalog.read() as session:
        return list(session.scalars(query.order_by(AssetRow.id).limit(most)))


def read_facets(catalog: Catalog) -> Facets:
    """The collections, channels and sources of the catalog, sorted."""
    states = ShootStateRow
    with catalog.read() as session:
        collections = session.scalars(select(ShootRow.collection).distinct().order_by(ShootRow.collection)).all()
        kinds = session.execute(select(states.channel, states.source).distinct()).all()
    return Facets(
        collections=tuple(name for name in collections if name),
        channels=tuple(sorted({channel for channel, _ in kinds if channel})),
        sources=tuple(sorted({source for _, source in kinds if source})),
    )


def _matching(query: Select[Any], wanted: BoardFilter) -> Select[Any]:
    """The shoots of this collection, run and text that are outdated, if that is asked for."""
    if len(wanted.text) > LONGEST_TEXT:
        raise BadInput(f"a text of {len(wanted.text)} characters", remedy=f"Search at most {LONGEST_TEXT} characters")
    if wanted.collection is not None:
        query = query.where(ShootRow.collection == wanted.collection)
    if wanted.not_edition is not None:
        query = query.where(is_outdated(wanted.not_edition))
    if wanted.run_id is not None:
        query = query.where(ShootRow.sku.in_(select(RunShootRow.sku).where(RunShootRow.run_id == wanted.run_id)))
    words = [ShootRow.search_text.contains(word, autoescape=True) for word in wanted.text.lower().split()]
    if words:  # found in the index, which holds both columns
        query = query.where(ShootRow.sku.in_(select(ShootRow.sku).where(*words)))
    return query


def _of_assets(wanted: BoardFilter) -> list[Any]:
    columns = {"state": ShootStateRow.state, "channel": ShootStateRow.channel, "source": ShootStateRow.source}
    return [column == getattr(wanted, name) for name, column in columns.items() if getattr(wanted, name) is not None]


def _sorted(query: Select[Any], wanted: BoardFilter) -> Iterator[Select[Any]]:
    """The shoots after the cursor, in order, as one query after the other: those that never ran are the oldest."""
    sku, at = ShootRow.sku, ShootRow.last_run_at
    if wanted.sort == "sku":
        query = query.order_by(sku)
        yield query if wanted.cursor is None else query.where(sku > wanted.cursor)
        return
    last, after = _position(wanted.cursor) if wanted.cursor is not None else (None, "")
    if last != NEVER:  # neither database has an index that sorts both
        ran = query.where(at.is_not(None)).order_by(at.desc(), sku)
        yield ran if last is None else ran.where((at < last) | (at == last) & (sku > after))
    yield query.where(at.is_(None), sku > after if last == NEVER else true()).order_by(sku)


def _position(cursor: str) -> tuple[datetime, str]:
    """When the last shoot of the page before ran, and its sku."""
    text, slash, sku = cursor.partition("/")
    try:
        last = datetime.fromisoformat(text)
    except ValueError:
        slash = ""
    if not slash:
        raise BadInput(f"{cursor[:40]!r} is not a cursor", remedy="Begin with the first page")
    return last, sku


def _cursor(row: ShootRow, wanted: BoardFilter) -> str:
    return row.sku if wanted.sort == "sku" else f"{(row.last_run_at or NEVER).isoformat()}/{row.sku}"


def _products(session: Session, shoots: Sequence[ShootRow]) -> tuple[BoardProduct, ...]:
    skus = [shoot.sku for shoot in shoots]
    counts: dict[str, dict[str, int]] = {sku: {} for sku in skus}
    totals = select(ShootStateRow.sku, ShootStateRow.state, func.sum(ShootStateRow.count))
    totals = totals.where(ShootStateRow.sku.in_(skus)).group_by(ShootStateRow.sku, ShootStateRow.state)
    for sku, state, count in session.execute(totals):
        counts[sku][state] = int(count)
    angles = _angles(session, shoots)
    return tuple(
        BoardProduct(
            sku=shoot.sku,
            title=shoot.title,
            collection=shoot.collection,
            fate=shoot.fate,
            reason=shoot.reason,
            last_run_id=shoot.last_run_id,
            last_run_at=shoot.last_run_at,
            counts={state: counts[shoot.sku][state] for state in STATES if state in counts[shoot.sku]},
            angles=angles[shoot.sku],
        )
        for shoot in shoots
    )


def _angles(session: Session, shoots: Sequence[ShootRow]) -> dict[str, tuple[BoardAngle, ...]]:
    """The angles of these shoots: as they go round the product, then those that only have assets."""
    skus = [shoot.sku for shoot in shoots]
    names = {"id", "sku", "angle", "current", *BoardCell.model_fields} - {"asset_id"}
    columns = [getattr(AssetRow, name) for name in sorted(names)]
    cells: dict[tuple[str, str], list[BoardCell]] = {}
    made: set[tuple[str, str]] = set()
    for row in session.execute(select(*columns).where(AssetRow.sku.in_(skus)).order_by(AssetRow.id)):
        cells.setdefault((row.sku, row.angle), []).append(record_of(BoardCell, row, asset_id=row.id))
        if row.current:
            made.add((row.sku, row.angle))
    decided: dict[str, dict[str, AngleRow]] = {sku: {} for sku in skus}
    query = select(AngleRow).where(AngleRow.sku.in_(skus)).order_by(AngleRow.azimuth_deg, AngleRow.elevation_deg)
    for angle in session.scalars(query):
        decided[angle.sku][angle.angle] = angle
    others: dict[str, list[str]] = {sku: [] for sku in skus}
    for sku, name in cells:
        if name not in decided[sku]:
            others[sku].append(name)
    return {
        shoot.sku: tuple(
            _angle(shoot, name, decided[shoot.sku].get(name), cells.get((shoot.sku, name), []), made)
            for name in [*decided[shoot.sku], *others[shoot.sku]]
        )
        for shoot in shoots
    }


def _angle(
    shoot: ShootRow, name: str, row: AngleRow | None, cells: list[BoardCell], made: set[tuple[str, str]]
) -> BoardAngle:
    return BoardAngle(
        angle=name,
        source=row.source if row else None,
        reason=row.reason if row else "",
        state=bare_state(row.source, shoot.fate) if row and (shoot.sku, name) not in made else None,
        cells=tuple(cells),
    )
