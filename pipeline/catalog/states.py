"""Keeps the summary `shoot_states`: how many assets or angles of a shoot are in each state."""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from pipeline.catalog.among import among
from pipeline.catalog.board_tables import ShootStateRow
from pipeline.catalog.sync import Changes, sync, table_of
from pipeline.catalog.tables import AngleRow, AssetRow, ShootRow

SHOWN = ("held", "refused")  # fates of a shoot under which the board finds it


def refresh_states(session: Session, *skus: str) -> Changes:
    """Count the assets and angles of shoots again. To be called wherever one of their states may have changed."""
    session.flush()
    connection = session.connection()
    asset, angle, shoot = (table_of(kind).c for kind in (AssetRow, AngleRow, ShootRow))
    columns = (asset.sku, asset.state, asset.channel, asset.source, asset.angle, asset.current)
    assets = _by_sku(connection.execute(select(*columns).where(among(AssetRow.sku, skus))).all())
    shoots = table_of(ShootRow).outerjoin(table_of(AngleRow))
    query = select(shoot.sku, shoot.fate, angle.angle, angle.source).select_from(shoots)
    angles = _by_sku(connection.execute(query.where(among(ShootRow.sku, skus))).all())
    rows = [
        {"sku": sku, "state": state, "channel": channel, "source": source, "count": count}
        for sku in angles
        for (state, channel, source), count in _counted(assets.get(sku, ()), angles[sku])
    ]
    return sync(session, ShootStateRow, among(ShootStateRow.sku, skus), rows)


def _by_sku(rows: Iterable[Any]) -> dict[str, list[Any]]:
    found: dict[str, list[Any]] = {}
    for row in rows:
        found.setdefault(row.sku, []).append(row)
    return found


def _counted(assets: Sequence[Any], angles: Sequence[Any]) -> Iterator[tuple[tuple[str, str, str], int]]:
    """Assets by state, channel and source; then the angles without one, by the state that the board shows for them.

    `angles`: of the shoot, each with its fate; one row without an angle if it has none.
    """
    yield from Counter((row.state, row.channel, row.source) for row in assets).items()
    made = {row.angle for row in assets if row.current}
    without = (row for row in angles if row.angle is not None and row.angle not in made)
    bare = Counter(bare_state(row.source, row.fate) for row in without)
    fate = angles[0].fate
    if fate in SHOWN:
        bare[fate] = max(1, bare[fate])
    elif not bare and not assets:
        bare["missing"] = 1
    yield from (((state, "", ""), count) for state, count in bare.items())


def bare_state(source: str, fate: str) -> str:
    """The state of an angle without an asset: `refused` by coverage, `held` with its shoot, or `missing`."""
    return "refused" if source == "refused" else "held" if fate == "held" else "missing"
