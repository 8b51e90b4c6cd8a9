"""Add requests: what a brief asked for, and the assets that were made for it.

Revision 0007, 2026-11-30.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the table and the column; no asset of before was requested by a brief."""
    json = sa.JSON().with_variant(postgresql.JSONB(), "postgresql")
    op.create_table(
        "requests",
        sa.Column("id", sa.String(100), nullable=False),
        sa.Column("sku", sa.String(100), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("language", sa.String(20), nullable=False),
        sa.Column("parser", sa.Text(), nullable=False),
        sa.Column("plan", json, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_requests"),
        sa.ForeignKeyConstraint(["sku"], ["shoots.sku"], ondelete="CASCADE", name="fk_requests_sku_shoots"),
    )
    op.create_index("ix_requests_sku", "requests", ["sku"])
    with op.batch_alter_table("assets") as assets:
        assets.add_column(sa.Column("request_id", sa.String(100), nullable=True))
        assets.create_foreign_key("fk_assets_request_id_requests", "requests", ["request_id"], ["id"])
        assets.create_index("ix_assets_request_id", ["request_id"])


def downgrade() -> None:
    """Drop the column and the table."""
    with op.batch_alter_table("assets") as assets:
        assets.drop_index("ix_assets_request_id")
        assets.drop_constraint("fk_assets_request_id_requests", type_="foreignkey")
        assets.drop_column("request_id")
    op.drop_index("ix_requests_sku", "requests")
    op.drop_table("requests")
