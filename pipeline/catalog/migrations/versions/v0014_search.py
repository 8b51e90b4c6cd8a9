"""Add the text in which the board searches, and index only the current assets.

With an index that began with `current`, SQLite without statistics read all assets to find those of one product.

Revision 0014, 2026-11-30.
"""

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None

CURRENT, SEARCH = "ix_assets_current", "ix_shoots_search_text"
BATCH = 5000


def upgrade() -> None:
    """Fill the text from sku and title, and make both indexes."""
    op.add_column("shoots", sa.Column("search_text", sa.Text(), nullable=False, server_default=""))
    _fill(op.get_bind())
    op.create_index(SEARCH, "shoots", ["search_text", "sku"])
    op.drop_index(CURRENT, "assets")
    is_1, is_true = sa.text("current = 1"), sa.text("current")
    op.create_index(CURRENT, "assets", ["state", "id"], sqlite_where=is_1, postgresql_where=is_true)


def downgrade() -> None:
    """Drop the text, and index all assets."""
    op.drop_index(CURRENT, "assets")
    op.create_index(CURRENT, "assets", ["current", "state", "id"])
    op.drop_index(SEARCH, "shoots")
    op.drop_column("shoots", "search_text")


def _fill(connection: sa.Connection) -> None:
    """Fill the text in Python: SQLite's lower() changes A to Z only."""
    rows = connection.execute(sa.text("SELECT sku, title FROM shoots")).all()
    fill = sa.text("UPDATE shoots SET search_text = :text WHERE sku = :sku")
    for start in range(0, len(rows), BATCH):
        batch = rows[start : start + BATCH]
        connection.execute(fill, [{"sku": sku, "text": f"{sku} {title or ''}".lower()} for sku, title in batch])
