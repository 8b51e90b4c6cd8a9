"""Drop indexes that no query uses, and keep PostgreSQL from reading all assets to find those of one photo.

Publishing wrote to a page of its own for every row of such an index.

Revision 0011, 2026-11-30.
"""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

UNUSED = (("step_outputs", "sha256"), ("steps", "stage"), ("assets", "sha256"))
SOURCES = "ix_step_inputs_sha256"
IMPACT = """CREATE OR REPLACE VIEW photo_impact AS
SELECT p.sha256 AS photo_sha256, v.asset_id, v.number, a.sku, a.angle, a.backdrop, a.channel, v.sha256, a.state,
    v.made_at, v.published_at, v.replaced_at
FROM (SELECT DISTINCT sha256 FROM step_inputs
    WHERE producer_key IS NULL AND media_type NOT IN ('application/vnd.catalog.tree+json', 'application/json')) AS p
CROSS JOIN LATERAL (WITH RECURSIVE down(key) AS (
        SELECT r.step_key FROM step_inputs r WHERE r.sha256 = p.sha256 AND r.producer_key IS NULL UNION
        SELECT i.step_key FROM down JOIN step_inputs i ON i.producer_key = down.key
        WHERE i.media_type <> 'application/vnd.catalog.tree+json'
    ) SELECT key FROM down) AS d """
# PostgreSQL takes a recursion for thousands of steps and would merge them with all assets, if not for OFFSET 0.
JOINED = """CROSS JOIN LATERAL (SELECT * FROM asset_versions WHERE step_key = d.key OFFSET 0) AS v
CROSS JOIN LATERAL (SELECT * FROM assets WHERE id = v.asset_id OFFSET 0) AS a"""
MERGED = "JOIN asset_versions v ON v.step_key = d.key JOIN assets a ON a.id = v.asset_id"


def upgrade() -> None:
    """Drop the indexes; of step inputs, index only the digests of source files, by which photos are found."""
    for table, column in UNUSED:
        op.drop_index(f"ix_{table}_{column}", table)
    op.drop_index(SOURCES, "step_inputs")
    source = sa.text("producer_key IS NULL")
    op.create_index(SOURCES, "step_inputs", ["sha256"], sqlite_where=source, postgresql_where=source)
    _replace_view(JOINED)


def downgrade() -> None:
    """Make the indexes and the view of before."""
    _replace_view(MERGED)
    op.drop_index(SOURCES, "step_inputs")
    op.create_index(SOURCES, "step_inputs", ["sha256"])
    for table, column in UNUSED:
        op.create_index(f"ix_{table}_{column}", table, [column])


def _replace_view(joins: str) -> None:
    if op.get_bind().dialect.name == "postgresql":
        op.execute(IMPACT + joins)
