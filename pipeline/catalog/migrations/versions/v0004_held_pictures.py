"""Add the picture that shows why a step of a run is held.

Revision 0004, 2026-11-29.
"""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the column; earlier runs have no pictures."""
    op.add_column("run_steps", sa.Column("picture_sha256", sa.String(64), nullable=True))


def downgrade() -> None:
    """Drop the column."""
    op.drop_column("run_steps", "picture_sha256")
