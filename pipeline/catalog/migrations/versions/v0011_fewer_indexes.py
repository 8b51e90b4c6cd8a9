"""Drop indexes that no query uses: of publishing a shoot, each cost a page of the disk for every row.

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


def upgrade() -> None:
    """Drop them; of step inputs, index only the digests of source files, by which photos are found."""
    for table, column in UNUSED:
        op.drop_index(f"ix_{table}_{column}", table)
    op.drop_index(SOURCES, "step_inputs")
    source = sa.text("producer_key IS NULL")
    op.create_index(SOURCES, "step_inputs", ["sha256"], sqlite_where=source, postgresql_where=source)


def downgrade() -> None:
    """Make the indexes of before."""
    op.drop_index(SOURCES, "step_inputs")
    op.create_index(SOURCES, "step_inputs", ["sha256"])
    for table, column in UNUSED:
        op.create_index(f"ix_{table}_{column}", table, [column])
