"""Forward from a checkpoint, engine, licence or setting: which assets were made with it.

`shoot_facts` finds the shoots in order, so that a page reads few of them however many there are. Within a shoot, the
lineage is walked exactly: a step may be behind one asset and not behind another.
"""

from collections.abc import Iterator, Sequence
from difflib import get_close_matches

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from pipeline.catalog.among import among
from pipeline.catalog.database import Catalog
from pipeline.catalog.fact_tables import FactRow, ShootFactRow
from pipeline.catalog.paging import Page, limited, page
from pipeline.catalog.tables import TREE, AssetRow, InputRow, StepRow
from pipeline.catalog.trace.facts import Fact, Facts
from pipeline.catalog.trace.impact import Touched, position
from pipeline.catalog.trace.walk import steps_above
from pipeline.catalog.version_tables import VersionRow
from pipeline.core.domain import Frozen
from pipeline.core.errors import BadInput

AT_ONCE = 4  # shoots whose lineage is walked together
NAMED = 5  # facts that an error names


class Behind(Frozen):
    """What was found: the facts that match, how many shoots have had one of them, and a page of assets."""

    facts: tuple[Fact, ...]
    shoots: int
    assets: Page[Touched]


def impact_of_checkpoint(
    catalog: Catalog, text: str, *, every_version: bool = False, cursor: str | None = None, limit: int = 50
) -> Behind:
    """The assets behind which a checkpoint stands: its name, revision or digest, or how one of them begins.

    Raises BadInput when the catalog knows no such checkpoint.
    """
    wanted = (FactRow.kind == "checkpoint") & (
        (FactRow.value == text) | FactRow.value.startswith(text, autoescape=True)
    )
    with catalog.read() as session:
        facts = _facts(session, wanted) if text else []
        if not facts:
            known = session.scalars(select(FactRow.value).where(FactRow.kind == "checkpoint").limit(NAMED)).all()
            raise BadInput(
                f"no asset was made with a checkpoint {text!r}",
                remedy=f"Give its name or digest; known: {', '.join(known) or 'none yet'}",
            )
        return _behind(session, facts, every_version, cursor, limit)


def impact_of_setting(
    catalog: Catalog, setting: str, *, every_version: bool = False, cursor: str | None = None, limit: int = 50
) -> Behind:
    """The assets that were made with a setting, `<stage>.<name>=<value>`.

    A value is written as in the lineage: text as it is, `true`, `0.5`. Raises BadInput when no asset was made with it.
    """
    name, equals, value = setting.partition("=")
    if not equals or "." not in name:
        raise BadInput(f"{setting!r} is not a setting", remedy="Write stage.name=value, such as composite.shadow=layer")
    with catalog.read() as session:
        facts = _facts(session, (FactRow.name == name) & (FactRow.value == value))
        if not facts:
            values = session.scalars(select(FactRow.value).where(FactRow.name == name).order_by(FactRow.value)).all()
            known = f"Known values of {name}: {', '.join(values[:NAMED])}" if values else _similar_names(session, name)
            raise BadInput(f"no asset was made with {setting}", remedy=known)
        return _behind(session, facts, every_version, cursor, limit)


def _similar_names(session: Session, name: str) -> str:
    stage = name.partition(".")[0]
    query = select(FactRow.name).where(FactRow.name.startswith(f"{stage}.", autoescape=True))
    known = session.scalars(query.distinct().order_by(FactRow.name)).all()
    names = get_close_matches(name, known, NAMED, 0.8) or known[:NAMED]
    return f"Known settings of {stage}: {', '.join(names)}" if names else f"No step is called {stage!r}"


def _facts(session: Session, wanted: object) -> list[FactRow]:
    return list(session.scalars(select(FactRow).where(wanted).order_by(FactRow.name, FactRow.value)))  # type: ignore[arg-type]


def _behind(session: Session, rows: Sequence[FactRow], every_version: bool, cursor: str | None, limit: int) -> Behind:
    after = position(cursor) if cursor else None
    facts = [Fact(row.kind, row.name, row.value) for row in rows]  # type: ignore[arg-type]
    ids = [row.id for row in rows]
    found: list[Touched] = []
    for skus in _shoots(session, ids, after[0].partition("/")[0] if after else None):
        touched = _walk(session, skus, frozenset(facts), every_version)
        found += [row for row in touched if after is None or _is_after(row, after)]
        if len(found) > limited(limit):
            break
    count = select(func.count(ShootFactRow.sku.distinct())).where(ShootFactRow.fact_id.in_(ids))
    return Behind(
        facts=tuple(facts),
        shoots=session.scalar(count) or 0,
        assets=page(found[: limit + 1], limit, lambda row: row.cursor),
    )


def _is_after(row: Touched, after: tuple[str, int]) -> bool:
    """Whether a row follows the cursor. Shoots come in the database's order, and the assets of one in Python's."""
    return row.sku != after[0].partition("/")[0] or (row.asset_id, row.number) > after


def _shoots(session: Session, fact_ids: Sequence[int], first: str | None) -> Iterator[list[str]]:
    """The shoots with one of the facts, in order, from `first` on, some at a time."""
    query = select(ShootFactRow.sku).where(ShootFactRow.fact_id.in_(fact_ids)).distinct()
    query = query.order_by(ShootFactRow.sku).limit(AT_ONCE)
    skus = list(session.scalars(query if first is None else query.where(ShootFactRow.sku >= first)))
    while skus:
        yield skus
        skus = list(session.scalars(query.where(ShootFactRow.sku > skus[-1])))


def _walk(session: Session, skus: Sequence[str], facts: frozenset[Fact], every_version: bool) -> list[Touched]:
    """The assets of these shoots with such a step among those they were made by; shoot by shoot, then by identity."""
    query = select(AssetRow, VersionRow).join(VersionRow, VersionRow.asset_id == AssetRow.id)
    query = query.where(AssetRow.sku.in_(skus), VersionRow.step_id.is_not(None))
    if not every_version:
        query = query.where(VersionRow.replaced_at.is_(None))
    rows = session.execute(query).all()
    readers = _readers(session, [version.step_id or 0 for _, version in rows])
    known = Facts()
    steps = select(StepRow.id, StepRow.stage, StepRow.params, StepRow.report).where(among(StepRow.id, readers))
    made_with = {
        step for step, stage, params, report in session.execute(steps) if known.of(stage, params, report) & facts
    }
    generation = made_with
    while generation:
        generation = {reader for step in generation for reader in readers.get(step, ())} - made_with
        made_with |= generation
    order = {sku: number for number, sku in enumerate(skus)}
    touched = [_touched(asset, version) for asset, version in rows if version.step_id in made_with]
    return sorted(touched, key=lambda row: (order[row.sku], row.asset_id, row.number))


def _readers(session: Session, steps: Sequence[int]) -> dict[int, set[int]]:
    """Every step behind these, and which of them read what it made."""
    readers: dict[int, set[int]] = {step: set() for step in steps_above(session, steps)}
    query = select(InputRow.step_id, InputRow.producer_id).where(
        among(InputRow.step_id, readers), InputRow.producer_id.is_not(None), InputRow.media_type != TREE
    )
    for reader, producer in session.execute(query):
        readers[producer or 0].add(reader)
    return readers


def _touched(asset: AssetRow, version: VersionRow) -> Touched:
    return Touched(
        asset_id=asset.id,
        number=version.number,
        sku=asset.sku,
        angle=asset.angle,
        backdrop=asset.backdrop,
        channel=asset.channel,
        sha256=version.sha256,
        media_type=version.media_type,
        state=asset.state,
        current=version.replaced_at is None,
        published_at=version.published_at,
        replaced_at=version.replaced_at,
    )
