"""Walks from many steps up to everything that they were made from."""

from collections.abc import Iterable

from sqlalchemy import and_, select
from sqlalchemy.orm import Session

from pipeline.catalog.among import among
from pipeline.catalog.tables import TREE, InputRow, StepRow


def steps_above(session: Session, keys: Iterable[str]) -> list[str]:
    """These steps and every step behind them.

    Only their keys: a join with what they read would make PostgreSQL, which cannot tell how many steps a recursion
    finds, read the whole table of edges.
    """
    up = select(StepRow.key.label("key")).where(among(StepRow.key, set(keys))).cte("up", recursive=True)
    edge = and_(InputRow.step_key == up.c.key, InputRow.media_type != TREE, InputRow.producer_key.is_not(None))
    up = up.union(select(InputRow.producer_key).join(up, edge))
    return list(session.scalars(select(up.c.key)))
