"""The claims of a caption with their evidence, its bullets, and its titles by channel.

Revision 0005, 2026-11-30.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the table and the columns; captions of before get theirs when they are published again."""
    json = sa.JSON().with_variant(postgresql.JSONB(), "postgresql")
    op.add_column("captions", sa.Column("bullets", json, nullable=False, server_default="[]"))
    op.add_column("captions", sa.Column("titles", json, nullable=False, server_default="{}"))
    op.add_column("captions", sa.Column("evidence", json, nullable=False, server_default="{}"))
    op.create_table(
        "claims",
        sa.Column("sku", sa.String(100), nullable=False),
        sa.Column("language", sa.String(20), nullable=False),
        sa.Column("position", sa.BigInteger(), nullable=False),
        sa.Column("field", sa.String(20), nullable=False),
        sa.Column("kind", sa.String(20), nullable=False),
        sa.Column("words", sa.Text(), nullable=False),
        sa.Column("value", sa.Text(), nullable=False),
        sa.Column("evidence", json, nullable=False),
        sa.Column("verdict", sa.String(20), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("dropped", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("sku", "language", "position", name="pk_claims"),
        sa.ForeignKeyConstraint(["sku"], ["shoots.sku"], ondelete="CASCADE", name="fk_claims_sku_shoots"),
    )


def downgrade() -> None:
    """Drop the table and the columns."""
    op.drop_table("claims")
    op.drop_column("captions", "evidence")
    op.drop_column("captions", "titles")
    op.drop_column("captions", "bullets")
