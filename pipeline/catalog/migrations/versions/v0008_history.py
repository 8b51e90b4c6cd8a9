"""Add versions of assets, reviews, the audit log, the states of each shoot, and what steps of a run cost.

Revision 0008, 2026-11-30.
"""

from datetime import UTC, datetime

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

TIME = sa.DateTime(timezone=True)
JSON = sa.JSON().with_variant(postgresql.JSONB(), "postgresql")
SERIAL = sa.BigInteger().with_variant(sa.Integer(), "sqlite")

# The first version of each asset: when its bytes were first recorded is not known exactly.
VERSIONS = """
INSERT INTO asset_versions (asset_id, number, sha256, media_type, size_bytes, width_px, height_px, source, verdict,
    reasons, checked_state, step_key, made_at, published_at, replaced_at)
SELECT a.id, 1, a.sha256, a.media_type, a.size_bytes, a.width_px, a.height_px, a.source, a.verdict, a.reasons, a.state,
    a.step_key, COALESCE(a.published_at, t.started_at, s.last_run_at, :now), a.published_at,
    CASE WHEN a.current THEN NULL ELSE COALESCE(s.last_run_at, :now) END
FROM assets a JOIN shoots s ON s.sku = a.sku LEFT JOIN steps t ON t.key = a.step_key
"""

STATES = (
    """
    INSERT INTO shoot_states (sku, state, channel, source, count)
    SELECT sku, state, channel, source, count(*) FROM assets GROUP BY sku, state, channel, source
    """,
    """
    INSERT INTO shoot_states (sku, state, channel, source, count)
    SELECT sku, state, '', '', count(*) FROM (
        SELECT a.sku, CASE WHEN a.decision = 'refused' THEN 'refused' WHEN s.fate = 'held' THEN 'held'
            ELSE 'missing' END AS state
        FROM angles a JOIN shoots s ON s.sku = a.sku
        WHERE NOT EXISTS (SELECT 1 FROM assets x WHERE x.sku = a.sku AND x.angle = a.angle AND x.current)
    ) AS bare GROUP BY sku, state
    """,
    """
    INSERT INTO shoot_states (sku, state, channel, source, count)
    SELECT s.sku, CASE WHEN s.fate = 'held' THEN 'held' ELSE 'refused' END, '', '', 1 FROM shoots s
    WHERE s.fate IN ('held', 'bad input') AND NOT EXISTS (
        SELECT 1 FROM shoot_states t
        WHERE t.sku = s.sku AND t.state = CASE WHEN s.fate = 'held' THEN 'held' ELSE 'refused' END)
    """,
    """
    INSERT INTO shoot_states (sku, state, channel, source, count)
    SELECT s.sku, 'missing', '', '', 1 FROM shoots s
    WHERE NOT EXISTS (SELECT 1 FROM shoot_states t WHERE t.sku = s.sku)
    """,
)


def upgrade() -> None:
    """Make the tables, and fill them from the assets and shoots that there are."""
    _versions()
    _reviews()
    _states()
    for column in (
        sa.Column("code", sa.String(60), nullable=True),
        sa.Column("step_key", sa.String(64), nullable=True),
        sa.Column("cost_usd", sa.Double(), nullable=False, server_default="0"),
        sa.Column("computed", sa.BigInteger(), nullable=False, server_default="0"),
        sa.Column("reused", sa.BigInteger(), nullable=False, server_default="0"),
    ):
        op.add_column("run_steps", column)
    op.create_index("ix_run_shoots_sku", "run_shoots", ["sku"])
    op.drop_index("ix_assets_current", "assets")
    op.create_index("ix_assets_current", "assets", ["current", "state", "id"])
    now = sa.bindparam("now", datetime.now(UTC), TIME)
    op.get_bind().execute(sa.text(VERSIONS).bindparams(now))
    for statement in STATES:
        op.execute(statement)


def downgrade() -> None:
    """Drop the tables and the columns."""
    op.drop_index("ix_assets_current", "assets")
    op.create_index("ix_assets_current", "assets", ["current", "state"])
    op.drop_index("ix_run_shoots_sku", "run_shoots")
    for column in ("reused", "computed", "cost_usd", "step_key", "code"):
        op.drop_column("run_steps", column)
    for table in ("shoot_states", "audit", "reviews", "asset_versions"):
        op.drop_table(table)


def _versions() -> None:
    """What each asset was, and when."""
    op.create_table(
        "asset_versions",
        sa.Column("asset_id", sa.String(420), nullable=False),
        sa.Column("number", sa.BigInteger(), nullable=False),
        sa.Column("sha256", sa.String(64), nullable=False),
        sa.Column("media_type", sa.Text(), nullable=False),
        sa.Column("size_bytes", sa.BigInteger(), nullable=False),
        sa.Column("width_px", sa.BigInteger(), nullable=False),
        sa.Column("height_px", sa.BigInteger(), nullable=False),
        sa.Column("source", sa.String(20), nullable=False),
        sa.Column("verdict", sa.String(20), nullable=False),
        sa.Column("reasons", JSON, nullable=False),
        sa.Column("checked_state", sa.String(20), nullable=False),
        sa.Column("step_key", sa.String(64), nullable=True),
        sa.Column("made_at", TIME, nullable=False),
        sa.Column("published_at", TIME, nullable=True),
        sa.Column("replaced_at", TIME, nullable=True),
        sa.PrimaryKeyConstraint("asset_id", "number", name="pk_asset_versions"),
        sa.ForeignKeyConstraint(
            ["asset_id"], ["assets.id"], ondelete="CASCADE", name="fk_asset_versions_asset_id_assets"
        ),
        sa.ForeignKeyConstraint(["step_key"], ["steps.key"], name="fk_asset_versions_step_key_steps"),
    )
    op.create_index("ix_asset_versions_sha256", "asset_versions", ["sha256"])
    op.create_index("ix_asset_versions_step_key", "asset_versions", ["step_key"])
    op.create_index("ix_asset_versions_published_at", "asset_versions", ["published_at"])


def _reviews() -> None:
    """Who decided what."""
    op.create_table(
        "reviews",
        sa.Column("id", SERIAL, nullable=False),
        sa.Column("asset_id", sa.String(420), nullable=False),
        sa.Column("sha256", sa.String(64), nullable=False),
        sa.Column("decision", sa.String(20), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("settings", JSON, nullable=False),
        sa.Column("overrules", sa.Boolean(), nullable=False),
        sa.Column("decided_by", sa.Text(), nullable=False),
        sa.Column("decided_at", TIME, nullable=False),
        sa.Column("undone_by", sa.Text(), nullable=True),
        sa.Column("undone_at", TIME, nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_reviews"),
        sa.ForeignKeyConstraint(["asset_id"], ["assets.id"], ondelete="CASCADE", name="fk_reviews_asset_id_assets"),
    )
    op.create_index("ix_reviews_asset_id", "reviews", ["asset_id"])
    op.create_table(
        "audit",
        sa.Column("id", SERIAL, nullable=False),
        sa.Column("at", TIME, nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("role", sa.String(20), nullable=False),
        sa.Column("action", sa.String(40), nullable=False),
        sa.Column("target", sa.Text(), nullable=False),
        sa.Column("details", JSON, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_audit"),
    )
    op.create_index("ix_audit_target", "audit", ["target"])


def _states() -> None:
    """How many assets or angles of each shoot are in each state."""
    op.create_table(
        "shoot_states",
        sa.Column("sku", sa.String(100), nullable=False),
        sa.Column("state", sa.String(20), nullable=False),
        sa.Column("channel", sa.String(100), nullable=False),
        sa.Column("source", sa.String(20), nullable=False),
        sa.Column("count", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("sku", "state", "channel", "source", name="pk_shoot_states"),
        sa.ForeignKeyConstraint(["sku"], ["shoots.sku"], ondelete="CASCADE", name="fk_shoot_states_sku_shoots"),
    )
    op.create_index("ix_shoot_states_state", "shoot_states", ["state", "sku"])
