"""Add the vectors of photos and assets, and the pairs of products that look alike.

Revision 0006, 2026-11-30.
"""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create both tables; shoots of before get vectors when they are published again."""
    op.create_table(
        "vectors",
        sa.Column("sku", sa.String(100), nullable=False),
        sa.Column("kind", sa.String(10), nullable=False),
        sa.Column("name", sa.String(320), nullable=False),
        sa.Column("sha256", sa.String(64), nullable=False),
        sa.Column("engine", sa.String(40), nullable=False),
        sa.Column("revision", sa.String(64), nullable=False),
        sa.Column("vector", sa.LargeBinary(), nullable=False),
        sa.Column("step_key", sa.String(64), nullable=True),
        sa.PrimaryKeyConstraint("sku", "kind", "name", name=op.f("pk_vectors")),
        sa.ForeignKeyConstraint(["sku"], ["shoots.sku"], name=op.f("fk_vectors_sku_shoots"), ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["step_key"], ["steps.key"], name=op.f("fk_vectors_step_key_steps")),
    )
    op.create_table(
        "duplicates",
        sa.Column("sku", sa.String(100), nullable=False),
        sa.Column("other", sa.String(100), nullable=False),
        sa.Column("likeness", sa.Double(), nullable=False),
        sa.Column("accepted", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("sku", "other", name=op.f("pk_duplicates")),
        sa.ForeignKeyConstraint(["sku"], ["shoots.sku"], name=op.f("fk_duplicates_sku_shoots"), ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["other"], ["shoots.sku"], name=op.f("fk_duplicates_other_shoots"), ondelete="CASCADE"),
    )


def downgrade() -> None:
    """Drop both tables."""
    op.drop_table("duplicates")
    op.drop_table("vectors")
