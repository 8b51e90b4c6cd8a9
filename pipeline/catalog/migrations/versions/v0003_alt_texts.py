"""The alt texts of a product by angle, beside the one of the angle that was described.

Revision 0003, 2026-11-21.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the column; captions of before get theirs when they are published again."""
    kind = sa.JSON().with_variant(postgresql.JSONB(), "postgresql")
    op.add_column("captions", sa.Column("alt_texts", kind, nullable=False, server_default="{}"))


def downgrade() -> None:
    """Drop the column."""
    op.drop_column("captions", "alt_texts")
