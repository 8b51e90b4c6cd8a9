"""Keeps the summary `shoot_states`: how many assets or angles of a shoot are in each state."""

from collections import Counter

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from pipeline.catalog.board_tables import ShootStateRow
from pipeline.catalog.sync import Changes, sync
from pipeline.catalog.tables import AngleRow, AssetRow, ShootRow


def refresh_states(session: Session, sku: str) -> Changes:
    """Count the assets and angles of a shoot again. To be called wherever one of their states may have changed."""
    session.flush()
    grouped = (AssetRow.state, AssetRow.channel, AssetRow.source)
    query = select(*grouped, func.count()).where(AssetRow.sku == sku).group_by(*grouped)
    counts = {(state, channel, source): count for state, channel, source, count in session.execute(query)}
    counts |= {(state, "", ""): count for state, count in _bare(session, sku, bool(counts)).items()}
    rows = [
        {"sku": sku, "state": state, "channel": channel, "source": source, "count": count}
        for (state, channel, source), count in counts.items()
    ]
    return sync(session, ShootStateRow, ShootStateRow.sku == sku, rows)


def _bare(session: Session, sku: str, has_assets: bool) -> dict[str, int]:
    """The number of angles without an asset, by the state that the board shows for them."""
    fate = session.scalar(select(ShootRow.fate).where(ShootRow.sku == sku)) or ""
    made = set(session.scalars(select(AssetRow.angle).where(AssetRow.sku == sku, AssetRow.current)))
    angles = session.execute(select(AngleRow.angle, AngleRow.decision).where(AngleRow.sku == sku))
    counts = Counter(bare_state(decision, fate) for angle, decision in angles if angle not in made)
    if fate in SHOWN:
        counts[fate] = max(1, counts[fate])
    elif not counts and not has_assets:
        counts["missing"] = 1
    return dict(counts)


SHOWN = ("held", "refused")  # fates of a shoot under which the board finds it


def bare_state(decision: str, fate: str) -> str:
    """The state of an angle without an asset: `refused` by coverage, `held` with its shoot, or `missing`."""
    return "refused" if decision == "refused" else "held" if fate == "held" else "missing"
