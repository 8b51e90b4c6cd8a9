"""Add the edition of a shoot, and what a shoot gets from a backfill when its fate is known.

Revision 0013, 2026-11-30.
"""

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None

COLUMNS = (("shoots", "edition"), ("run_shoots", "listing_digest"), ("run_shoots", "edition"))


def upgrade() -> None:
    """Add the columns; with which edition earlier shoots were made is not known."""
    for table, column in COLUMNS:
        op.add_column(table, sa.Column(column, sa.Text(), nullable=True))


def downgrade() -> None:
    """Drop the columns."""
    for table, column in COLUMNS:
        op.drop_column(table, column)
