"""The first tables: shoots, assets, captions, checks, lineage and runs.

Revision 0001, 2026-11-20.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

TIME = sa.DateTime(timezone=True)
JSON = sa.JSON().with_variant(postgresql.JSONB(), "postgresql")


def upgrade() -> None:
    """Make the tables."""
    _shoots()
    _lineage()
    _products()
    _runs()


def downgrade() -> None:
    """Drop the tables."""
    names = "checks step_outputs step_items step_inputs run_steps run_shoots captions assets angles steps shoots runs"
    for name in names.split():
        op.drop_table(name)


def _shoots() -> None:
    """What is known of each shoot."""
    op.create_table(
        "shoots",
        sa.Column("sku", sa.String(length=100), nullable=False),
        sa.Column("collection", sa.String(length=100), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("title", sa.Text(), nullable=True),
        sa.Column("brand", sa.Text(), nullable=True),
        sa.Column("category", sa.Text(), nullable=True),
        sa.Column("listing_digest", sa.Text(), nullable=True),
        sa.Column("plan_digest", sa.Text(), nullable=True),
        sa.Column("sheet_sha256", sa.Text(), nullable=True),
        sa.Column("last_run_id", sa.Text(), nullable=True),
        sa.Column("last_run_at", TIME, nullable=True),
        sa.Column("fate", sa.String(length=20), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("sku", name=op.f("pk_shoots")),
    )
    op.create_index(op.f("ix_shoots_collection"), "shoots", ["collection"], unique=False)


def _lineage() -> None:
    """Where everything came from."""
    op.create_table(
        "steps",
        sa.Column("key", sa.String(length=64), nullable=False),
        sa.Column("stage", sa.String(length=100), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("engine", sa.Text(), nullable=True),
        sa.Column("params", JSON, nullable=False),
        sa.Column("report", JSON, nullable=False),
        sa.Column("started_at", TIME, nullable=False),
        sa.Column("seconds", sa.Double(), nullable=False),
        sa.Column("own_seconds", sa.Double(), nullable=False),
        sa.Column("peak_memory_mb", sa.Double(), nullable=False),
        sa.Column("cost_usd", sa.Double(), nullable=False),
        sa.Column("own_cost_usd", sa.Double(), nullable=False),
        sa.Column("device", sa.Text(), nullable=False),
        sa.Column("host", sa.Text(), nullable=False),
        sa.Column("versions", JSON, nullable=False),
        sa.Column("image_digest", sa.Text(), nullable=True),
        sa.Column("held", sa.Text(), nullable=True),
        sa.Column("remedy", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_steps")),
    )
    op.create_index(op.f("ix_steps_stage"), "steps", ["stage"], unique=False)
    op.create_table(
        "step_inputs",
        sa.Column("step_key", sa.String(length=64), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("path", sa.String(length=1000), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("media_type", sa.Text(), nullable=False),
        sa.Column("size_bytes", sa.BigInteger(), nullable=False),
        sa.Column("producer_key", sa.String(length=64), nullable=True),
        sa.Column("source_path", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(["producer_key"], ["steps.key"], name=op.f("fk_step_inputs_producer_key_steps")),
        sa.ForeignKeyConstraint(
            ["step_key"], ["steps.key"], name=op.f("fk_step_inputs_step_key_steps"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("step_key", "name", "path", name=op.f("pk_step_inputs")),
    )
    op.create_index(op.f("ix_step_inputs_producer_key"), "step_inputs", ["producer_key"], unique=False)
    op.create_index(op.f("ix_step_inputs_sha256"), "step_inputs", ["sha256"], unique=False)
    op.create_table(
        "step_items",
        sa.Column("step_key", sa.String(length=64), nullable=False),
        sa.Column("name", sa.String(length=420), nullable=False),
        sa.Column("item_key", sa.String(length=64), nullable=False),
        sa.Column("computed", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(["item_key"], ["steps.key"], name=op.f("fk_step_items_item_key_steps")),
        sa.ForeignKeyConstraint(
            ["step_key"], ["steps.key"], name=op.f("fk_step_items_step_key_steps"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("step_key", "name", name=op.f("pk_step_items")),
    )
    op.create_index(op.f("ix_step_items_item_key"), "step_items", ["item_key"], unique=False)
    op.create_table(
        "step_outputs",
        sa.Column("step_key", sa.String(length=64), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("path", sa.String(length=1000), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("media_type", sa.Text(), nullable=False),
        sa.Column("size_bytes", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["step_key"], ["steps.key"], name=op.f("fk_step_outputs_step_key_steps"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("step_key", "name", "path", name=op.f("pk_step_outputs")),
    )
    op.create_index(op.f("ix_step_outputs_sha256"), "step_outputs", ["sha256"], unique=False)


def _products() -> None:
    """What is for sale."""
    op.create_table(
        "angles",
        sa.Column("sku", sa.String(length=100), nullable=False),
        sa.Column("angle", sa.String(length=100), nullable=False),
        sa.Column("azimuth_deg", sa.Double(), nullable=False),
        sa.Column("elevation_deg", sa.Double(), nullable=False),
        sa.Column("decision", sa.String(length=20), nullable=False),
        sa.Column("photo", sa.Text(), nullable=True),
        sa.Column("nearest_photo", sa.Text(), nullable=True),
        sa.Column("nearest_deg", sa.Double(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["sku"], ["shoots.sku"], name=op.f("fk_angles_sku_shoots"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("sku", "angle", name=op.f("pk_angles")),
    )
    op.create_table(
        "assets",
        sa.Column("id", sa.String(length=420), nullable=False),
        sa.Column("sku", sa.String(length=100), nullable=False),
        sa.Column("angle", sa.String(length=100), nullable=False),
        sa.Column("backdrop", sa.String(length=100), nullable=False),
        sa.Column("channel", sa.String(length=100), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("media_type", sa.Text(), nullable=False),
        sa.Column("size_bytes", sa.BigInteger(), nullable=False),
        sa.Column("width_px", sa.BigInteger(), nullable=False),
        sa.Column("height_px", sa.BigInteger(), nullable=False),
        sa.Column("source", sa.String(length=20), nullable=False),
        sa.Column("verdict", sa.String(length=20), nullable=False),
        sa.Column("reasons", JSON, nullable=False),
        sa.Column("state", sa.String(length=20), nullable=False),
        sa.Column("current", sa.Boolean(), nullable=False),
        sa.Column("published_at", TIME, nullable=True),
        sa.Column("step_key", sa.String(length=64), nullable=True),
        sa.ForeignKeyConstraint(["sku"], ["shoots.sku"], name=op.f("fk_assets_sku_shoots"), ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["step_key"], ["steps.key"], name=op.f("fk_assets_step_key_steps")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_assets")),
    )
    op.create_index("ix_assets_current", "assets", ["current", "state"], unique=False)
    op.create_index(op.f("ix_assets_sha256"), "assets", ["sha256"], unique=False)
    op.create_index(op.f("ix_assets_sku"), "assets", ["sku"], unique=False)
    op.create_table(
        "captions",
        sa.Column("sku", sa.String(length=100), nullable=False),
        sa.Column("language", sa.String(length=20), nullable=False),
        sa.Column("engine", sa.Text(), nullable=False),
        sa.Column("model", sa.Text(), nullable=True),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("description", sa.Text(), nullable=False),
        sa.Column("alt_text", sa.Text(), nullable=False),
        sa.Column("attributes", JSON, nullable=False),
        sa.Column("prompt", sa.Text(), nullable=False),
        sa.Column("step_key", sa.String(length=64), nullable=True),
        sa.ForeignKeyConstraint(["sku"], ["shoots.sku"], name=op.f("fk_captions_sku_shoots"), ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["step_key"], ["steps.key"], name=op.f("fk_captions_step_key_steps")),
        sa.PrimaryKeyConstraint("sku", "language", name=op.f("pk_captions")),
    )
    op.create_table(
        "checks",
        sa.Column("asset_id", sa.String(length=420), nullable=False),
        sa.Column("name", sa.String(length=100), nullable=False),
        sa.Column("value", sa.Double(), nullable=False),
        sa.Column("unit", sa.Text(), nullable=False),
        sa.Column("threshold", sa.Double(), nullable=True),
        sa.Column("passed", sa.Boolean(), nullable=True),
        sa.Column("severity", sa.String(length=20), nullable=False),
        sa.Column("words", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["asset_id"], ["assets.id"], name=op.f("fk_checks_asset_id_assets"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("asset_id", "name", name=op.f("pk_checks")),
    )


def _runs() -> None:
    """What happened when."""
    op.create_table(
        "runs",
        sa.Column("run_id", sa.String(length=250), nullable=False),
        sa.Column("started_at", TIME, nullable=False),
        sa.PrimaryKeyConstraint("run_id", name=op.f("pk_runs")),
    )
    op.create_table(
        "run_shoots",
        sa.Column("run_id", sa.String(length=250), nullable=False),
        sa.Column("sku", sa.String(length=100), nullable=False),
        sa.Column("plan_digest", sa.Text(), nullable=True),
        sa.Column("fate", sa.String(length=20), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("at", TIME, nullable=False),
        sa.ForeignKeyConstraint(
            ["run_id"], ["runs.run_id"], name=op.f("fk_run_shoots_run_id_runs"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["sku"], ["shoots.sku"], name=op.f("fk_run_shoots_sku_shoots"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("run_id", "sku", name=op.f("pk_run_shoots")),
    )
    op.create_table(
        "run_steps",
        sa.Column("run_id", sa.String(length=250), nullable=False),
        sa.Column("sku", sa.String(length=100), nullable=False),
        sa.Column("step", sa.String(length=100), nullable=False),
        sa.Column("state", sa.String(length=20), nullable=False),
        sa.Column("seconds", sa.Double(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("at", TIME, nullable=False),
        sa.ForeignKeyConstraint(["run_id"], ["runs.run_id"], name=op.f("fk_run_steps_run_id_runs"), ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["sku"], ["shoots.sku"], name=op.f("fk_run_steps_sku_shoots"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("run_id", "sku", "step", name=op.f("pk_run_steps")),
    )
