"""Walks from many steps up to everything that they were made from."""

from collections.abc import Iterable

from sqlalchemy import and_, select
from sqlalchemy.orm import Session

from pipeline.catalog.among import among
from pipeline.catalog.tables import TREE, InputRow, StepRow


def steps_above(session: Session, ids: Iterable[int]) -> list[int]:
    """These steps and every step behind them.

    Only their numbers: a join with what they read would make PostgreSQL, which cannot tell how many steps a recursion
    finds, read the whole table of edges.
    """
    up = select(StepRow.id.label("id")).where(among(StepRow.id, set(ids))).cte("up", recursive=True)
    edge = and_(InputRow.step_id == up.c.id, InputRow.media_type != TREE, InputRow.producer_id.is_not(None))
    up = up.union(select(InputRow.producer_id).join(up, edge))
    return list(session.scalars(select(up.c.id)))
