"""Say each state by one word: what checks say as the state it leads to, and a refused shoot or step as refused.

Revision 0010, 2026-11-30.
"""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

VERDICTS = {"approved": "published", "needs review": "in review"}
REFUSED = {"bad input": "refused"}
RENAMED = (  # table, column, old word -> new word
    ("assets", "verdict", VERDICTS),
    ("asset_versions", "verdict", VERDICTS),
    ("shoots", "fate", REFUSED),
    ("run_shoots", "fate", REFUSED),
    ("run_steps", "state", REFUSED),
)


def upgrade() -> None:
    """Replace the old words."""
    for table, column, words in RENAMED:
        for old, new in words.items():
            _replace(table, column, old, new)


def downgrade() -> None:
    """Restore the old words."""
    for table, column, words in RENAMED:
        for old, new in words.items():
            _replace(table, column, new, old)


def _replace(table: str, column: str, old: str, new: str) -> None:
    rows = sa.table(table, sa.column(column))
    op.execute(rows.update().where(rows.c[column] == old).values({column: new}))
