"""Add what stands behind each shoot (engines, checkpoints, licences, settings), and the views for analysts.

Revision 0009, 2026-11-30.
"""

import hashlib
import json
import re
from collections.abc import Iterator
from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

VIEWS = ("asset_lineage", "photo_impact", "run_costs", "review_log")
UP = """WITH RECURSIVE up(key) AS (
        SELECT v.step_key UNION
        SELECT i.producer_key FROM up JOIN step_inputs i ON i.step_key = up.key
        WHERE i.producer_key IS NOT NULL AND i.media_type <> 'application/vnd.catalog.tree+json'
    ) SELECT key FROM up"""
DOWN = """WITH RECURSIVE down(key) AS (
        SELECT r.step_key FROM step_inputs r WHERE r.sha256 = p.sha256 AND r.producer_key IS NULL UNION
        SELECT i.step_key FROM down JOIN step_inputs i ON i.producer_key = down.key
        WHERE i.media_type <> 'application/vnd.catalog.tree+json'
    ) SELECT key FROM down"""
LINEAGE = """CREATE VIEW asset_lineage AS
SELECT v.asset_id, v.number, v.made_at, v.replaced_at, s.key AS step_key, s.stage, s.version, s.engine, s.params,
    s.report, s.started_at, s.seconds,
    s.own_seconds, s.peak_memory_mb, s.cost_usd, s.own_cost_usd, s.device, s.host, s.versions, s.image_digest
FROM asset_versions v """
PHOTOS = """(SELECT DISTINCT sha256 FROM step_inputs
    WHERE producer_key IS NULL AND media_type NOT IN ('application/vnd.catalog.tree+json', 'application/json')) AS p"""
IMPACT = """CREATE VIEW photo_impact AS
SELECT p.sha256 AS photo_sha256, v.asset_id, v.number, a.sku, a.angle, a.backdrop, a.channel, v.sha256, a.state,
    v.made_at, v.published_at, v.replaced_at
"""
# Each database needs its own form, so that a WHERE on one asset or photo reaches the start of the recursion: PostgreSQL
# would compute an IN of a recursive query for all rows; SQLite has no LATERAL.
BY_DATABASE = {
    "sqlite": (
        f"{LINEAGE} JOIN steps s ON s.key IN ({UP})",
        f"{IMPACT} FROM {PHOTOS} CROSS JOIN asset_versions v JOIN assets a ON a.id = v.asset_id"
        f" WHERE v.step_key IN ({DOWN})",
    ),
    "postgresql": (
        f"{LINEAGE} CROSS JOIN LATERAL ({UP}) AS u JOIN steps s ON s.key = u.key",
        f"{IMPACT} FROM {PHOTOS} CROSS JOIN LATERAL ({DOWN}) AS d JOIN asset_versions v ON v.step_key = d.key"
        " JOIN assets a ON a.id = v.asset_id",
    ),
}
RUN_COSTS = """CREATE VIEW run_costs AS
SELECT r.run_id, r.started_at, t.sku, s.collection, t.step, t.state, t.at, t.seconds, t.cost_usd, t.computed, t.reused,
    t.step_key
FROM run_steps t JOIN runs r ON r.run_id = t.run_id JOIN shoots s ON s.sku = t.sku"""
REVIEW_LOG = """CREATE VIEW review_log AS
SELECT w.id, w.asset_id, a.sku, w.sha256, w.decision, w.reason, w.settings, w.overrules, w.decided_by, w.decided_at,
    w.undone_by, w.undone_at,
    w.undone_at IS NULL AND a.sha256 = w.sha256 AND NOT EXISTS (
        SELECT 1 FROM reviews n
        WHERE n.asset_id = w.asset_id AND n.sha256 = w.sha256 AND n.undone_at IS NULL AND n.id > w.id) AS holds
FROM reviews w JOIN assets a ON a.id = w.asset_id"""
BEHIND = """
WITH RECURSIVE up(key) AS (
    SELECT step_key FROM assets WHERE sku = :sku AND step_key IS NOT NULL UNION
    SELECT i.producer_key FROM up JOIN step_inputs i ON i.step_key = up.key
    WHERE i.producer_key IS NOT NULL AND i.media_type <> 'application/vnd.catalog.tree+json')
SELECT s.stage, s.params, s.report FROM up JOIN steps s ON s.key = up.key"""


def upgrade() -> None:
    """Make the tables and views, and collect the facts of the shoots that there are."""
    op.create_table(
        "facts",
        sa.Column("id", sa.BigInteger(), nullable=False),
        sa.Column("kind", sa.String(20), nullable=False),
        sa.Column("name", sa.String(200), nullable=False),
        sa.Column("value", sa.String(200), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_facts"),
        sa.UniqueConstraint("name", "value", "kind", name="uq_facts_name"),
    )
    op.create_table(
        "shoot_facts",
        sa.Column("fact_id", sa.BigInteger(), nullable=False),
        sa.Column("sku", sa.String(100), nullable=False),
        sa.PrimaryKeyConstraint("fact_id", "sku", name="pk_shoot_facts"),
        sa.ForeignKeyConstraint(["fact_id"], ["facts.id"], ondelete="CASCADE", name="fk_shoot_facts_fact_id_facts"),
        sa.ForeignKeyConstraint(["sku"], ["shoots.sku"], ondelete="CASCADE", name="fk_shoot_facts_sku_shoots"),
        sqlite_with_rowid=False,
    )
    op.drop_index("ix_step_inputs_producer_key", "step_inputs")
    made = sa.text("producer_key IS NOT NULL")
    op.create_index(
        "ix_step_inputs_producer_key", "step_inputs", ["producer_key"], sqlite_where=made, postgresql_where=made
    )
    _collect(op.get_bind())
    for statement in (*BY_DATABASE[op.get_bind().dialect.name], RUN_COSTS, REVIEW_LOG):
        op.execute(statement)


def downgrade() -> None:
    """Drop the views and the tables."""
    for view in VIEWS:
        op.execute(f"DROP VIEW {view}")
    op.drop_table("shoot_facts")
    op.drop_table("facts")
    op.drop_index("ix_step_inputs_producer_key", "step_inputs")
    op.create_index("ix_step_inputs_producer_key", "step_inputs", ["producer_key"])


def _collect(connection: sa.Connection) -> None:
    """Note the facts of every shoot, as publish does from now on."""
    known: set[tuple[str, str, str]] = set()
    for (sku,) in connection.execute(sa.text("SELECT DISTINCT sku FROM assets")).all():
        found: set[tuple[str, str, str]] = set()
        for stage, params, report in connection.execute(sa.text(BEHIND), {"sku": sku}):
            for values, settings in ((params, True), (report, False)):
                read = json.loads(values) if isinstance(values, str) else values
                found |= set(_facts(stage.partition("_")[0], read, settings))
        new = [dict(zip(("kind", "name", "value"), fact, strict=True), id=_id(fact)) for fact in found - known]
        if new:
            connection.execute(
                sa.text("INSERT INTO facts (id, kind, name, value) VALUES (:id, :kind, :name, :value)"), new
            )
        known |= found
        rows = [{"fact": _id(fact), "sku": sku} for fact in found]
        if rows:
            connection.execute(sa.text("INSERT INTO shoot_facts (fact_id, sku) VALUES (:fact, :sku)"), rows)


def _id(fact: tuple[str, str, str]) -> int:
    return int.from_bytes(hashlib.sha256("\0".join(fact).encode()).digest()[:8], "big") >> 1


def _facts(prefix: str, values: dict[str, Any], settings: bool) -> Iterator[tuple[str, str, str]]:
    """The facts in params or in a report, as (kind, name, value); of a report, no settings."""
    for name, value in values.items():
        path = f"{prefix}.{name}"
        if isinstance(value, dict):
            yield from _facts(path, value, settings)
        elif isinstance(value, str | int | float):
            text = value if isinstance(value, str) else json.dumps(value)
            lowered = name.lower()
            kind = next((kind for word, kind in KINDS if word in lowered), "setting")
            measured = isinstance(value, float) and re.search(r"\.\d{5,}", text)
            if len(path) <= 200 and len(text) <= 200 and not measured and (settings or kind != "setting"):
                yield kind, path, text


KINDS = (
    ("licence", "licence"),
    ("license", "licence"),
    ("checkpoint", "checkpoint"),
    ("model", "checkpoint"),
    ("revision", "checkpoint"),
    ("engine", "engine"),
)
