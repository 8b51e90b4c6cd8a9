"""The attributes that shoot.yaml gives, beside those that a caption adds.

Revision 0002, 2026-11-20.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the column; shoots of before get theirs when they are published again."""
    kind = sa.JSON().with_variant(postgresql.JSONB(), "postgresql")
    op.add_column("shoots", sa.Column("attributes", kind, nullable=False, server_default="{}"))


def downgrade() -> None:
    """Drop the column."""
    op.drop_column("shoots", "attributes")
