# ruff: noqa: S608 - every name in these statements stands in this file
"""Number the steps, sum up each run in its own row, and call an angle's source by that word.

Rows refer to a step by its number instead of its digest: those of one shoot then lie side by side in every index, where
publishing wrote to a page of its own for nearly every digest. A number also takes an eighth of the room.

Revision 0012, 2026-11-30.
"""

from typing import Any, NamedTuple

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None

TEXT, WHOLE, DIGEST, TIME = sa.Text(), sa.BigInteger(), sa.String(64), sa.DateTime(timezone=True)
REAL: sa.Double[float] = sa.Double()
JSON = sa.JSON().with_variant(postgresql.JSONB(), "postgresql")
SERIAL = WHOLE.with_variant(sa.Integer(), "sqlite")
TREE = "application/vnd.catalog.tree+json"
Columns = dict[str, sa.types.TypeEngine[Any]]
STEP: Columns = {
    "stage": sa.String(100), "version": WHOLE, "engine": TEXT, "params": JSON, "report": JSON, "started_at": TIME,
    "seconds": REAL, "own_seconds": REAL, "peak_memory_mb": REAL, "cost_usd": REAL, "own_cost_usd": REAL,
    "device": TEXT, "host": TEXT, "versions": JSON, "image_digest": TEXT, "held": TEXT, "remedy": TEXT,
}  # fmt: skip
OPTIONAL = {"engine", "image_digest", "held", "remedy", "source_path", "producer_id", "producer_key"}
REFERRING = ("assets", "asset_versions", "captions", "vectors")
VIEWS = ("asset_lineage", "photo_impact", "review_log")
SUMS = ("seconds", "cost_usd", "computed", "reused", "published")


class Edges(NamedTuple):
    """A table of what belongs to a step. `primary`: its key after that step. `others`: steps that it refers to."""

    name: str
    columns: Columns
    primary: tuple[str, ...]
    others: tuple[str, ...] = ()


FILE: Columns = {
    "name": sa.String(200), "path": sa.String(1000), "sha256": DIGEST, "media_type": TEXT, "size_bytes": WHOLE,
}  # fmt: skip
EDGES = (
    Edges("step_inputs", {**FILE, "source_path": TEXT}, ("name", "path"), ("producer",)),
    Edges("step_outputs", FILE, ("name", "path")),
    Edges("step_items", {"name": sa.String(420), "computed": sa.Boolean()}, ("name",), ("item",)),
)


def upgrade() -> None:
    """Number the steps in the order in which they ran, and fill the sums from what they sum up."""
    _replace_steps("key", "id")
    op.execute("ALTER TABLE angles RENAME COLUMN decision TO source")
    _sum_up_runs()
    op.drop_index("ix_shoot_states_state", "shoot_states")
    op.create_index("ix_shoot_states_state", "shoot_states", ["state", "sku", "channel", "source", "count"])
    op.create_index("ix_shoots_last_run_at", "shoots", [sa.text("last_run_at DESC"), "sku"])


def downgrade() -> None:
    """Refer to steps by their keys again, and drop the sums."""
    op.drop_index("ix_shoots_last_run_at", "shoots")
    op.drop_index("ix_shoot_states_state", "shoot_states")
    op.create_index("ix_shoot_states_state", "shoot_states", ["state", "sku"])
    op.drop_column("run_steps", "published")
    for name in ("fates", "wasted_usd", *SUMS):
        op.drop_column("runs", name)
    op.execute("ALTER TABLE angles RENAME COLUMN source TO decision")
    _replace_steps("id", "key")


def _on_postgresql() -> bool:
    return op.get_bind().dialect.name == "postgresql"


def _replace_steps(old: str, new: str) -> None:
    """Make the tables of steps anew; in them, steps are referred to by `new` (`id` or `key`) instead of `old`."""
    if not _on_postgresql():
        op.execute("PRAGMA cache_size=-524288")  # KiB; every edge looks up two steps by their digests
    for view in VIEWS:
        op.execute(f"DROP VIEW {view}")
    _copy_steps(new)
    for edges in EDGES:
        _copy_edges(edges, old, new)
    for table in REFERRING:
        op.add_column(table, _column(f"step_{new}", _kind(new), optional=True))
        op.execute(f"UPDATE {table} SET step_{new} = (SELECT s.{new} FROM new_steps s WHERE s.{old} = step_{old})")
    for table in (*(edges.name for edges in EDGES), "steps"):
        op.execute(f"DROP TABLE {table}{' CASCADE' if _on_postgresql() else ''}")
        op.rename_table(f"new_{table}", table)
    _constrain(new)
    for table in REFERRING:
        _exchange(table, old, new)
    for statement in _views(new):
        op.execute(statement)


def _kind(reference: str) -> sa.types.TypeEngine[Any]:
    return SERIAL if reference == "id" else DIGEST


def _column(name: str, kind: sa.types.TypeEngine[Any], *, optional: bool = False) -> sa.Column[Any]:
    return sa.Column(name, kind, nullable=optional or name in OPTIONAL, autoincrement=False)


def _copy_steps(new: str) -> None:
    """Number the steps, or only copy them. They need an index by what the other tables have."""
    own: Columns = {"id": SERIAL, "key": DIGEST, **STEP} if new == "id" else {"key": DIGEST, **STEP}
    names = ", ".join(STEP)
    if new == "key":  # with their numbers until the other tables have been copied
        own["id"] = WHOLE
    keys = [] if _on_postgresql() else [sa.PrimaryKeyConstraint(new, name="pk_steps")]
    op.create_table("new_steps", *(_column(name, kind) for name, kind in own.items()), *keys)
    number = "row_number() OVER (ORDER BY started_at, key)" if new == "id" else "id"
    op.execute(f"INSERT INTO new_steps (id, key, {names}) SELECT {number}, key, {names} FROM steps ORDER BY 1")
    op.create_index(
        "ix_steps_key" if new == "id" else "ix_steps_id", "new_steps", ["key" if new == "id" else "id"], unique=True
    )
    if _on_postgresql():
        op.execute("ANALYZE new_steps")


def _copy_edges(edges: Edges, old: str, new: str) -> None:
    """Copy a table, in the order of its key."""
    columns = {f"{name}_{new}": _kind(new) for name in ("step", *edges.others)} | edges.columns
    keys: list[sa.Constraint] = []
    if not _on_postgresql():  # which gets them when the rows are there; SQLite cannot add them later
        keys = [sa.PrimaryKeyConstraint(*_primary(edges, new), name=f"pk_{edges.name}")]
        for name in ("step", *edges.others):
            foreign, gone = _foreign(edges.name, name, new)
            keys.append(sa.ForeignKeyConstraint([f"{name}_{new}"], [f"steps.{new}"], name=foreign, ondelete=gone))
    made = (_column(name, kind) for name, kind in columns.items())
    op.create_table(f"new_{edges.name}", *made, *keys, sqlite_with_rowid=new == "key")
    joins = "".join(f" LEFT JOIN new_steps {name} ON {name}.{old} = e.{name}_{old}" for name in edges.others)
    values = [f"{name}.{new}" for name in ("step", *edges.others)] + [f"e.{name}" for name in edges.columns]
    op.execute(
        f"INSERT INTO new_{edges.name} ({', '.join(columns)}) SELECT {', '.join(values)}"
        f" FROM new_steps step CROSS JOIN {edges.name} e{joins} WHERE e.step_{old} = step.{old}"
        f" ORDER BY step.{new}, {', '.join(f'e.{name}' for name in edges.primary)}"
    )


def _primary(edges: Edges, new: str) -> list[str]:
    return [f"step_{new}", *edges.primary]


def _foreign(table: str, name: str, new: str) -> tuple[str, str | None]:
    """The name of the foreign key of a column, and what becomes of its row with the step."""
    return f"fk_{table}_{name}_{new}_steps", "CASCADE" if name == "step" else None


def _constrain(new: str) -> None:
    """Add what the copies still lack."""
    if new == "key":
        op.drop_index("ix_steps_id", "steps")
        op.drop_column("steps", "id")
    if _on_postgresql():
        op.create_primary_key("pk_steps", "steps", [new])
        for edges in EDGES:
            op.create_primary_key(f"pk_{edges.name}", edges.name, _primary(edges, new))
            for name in ("step", *edges.others):
                foreign, gone = _foreign(edges.name, name, new)
                op.create_foreign_key(foreign, edges.name, "steps", [f"{name}_{new}"], [new], ondelete=gone)
    made, source = (sa.text(f"producer_{new} IS {word}") for word in ("NOT NULL", "NULL"))
    producer = f"producer_{new}"
    op.create_index(f"ix_step_inputs_{producer}", "step_inputs", [producer], sqlite_where=made, postgresql_where=made)
    op.create_index("ix_step_inputs_sha256", "step_inputs", ["sha256"], sqlite_where=source, postgresql_where=source)
    op.create_index(f"ix_step_items_item_{new}", "step_items", [f"item_{new}"])


def _exchange(table: str, old: str, new: str) -> None:
    """Drop the old reference of a table to steps; its foreign key went with the old steps on PostgreSQL."""
    with op.batch_alter_table(table) as batch:
        if table == "asset_versions":
            batch.drop_index(f"ix_asset_versions_step_{old}")
        if not _on_postgresql():
            batch.drop_constraint(f"fk_{table}_step_{old}_steps", type_="foreignkey")
        batch.drop_column(f"step_{old}")
        batch.create_foreign_key(f"fk_{table}_step_{new}_steps", "steps", [f"step_{new}"], [new])
    if table == "asset_versions":
        op.create_index(f"ix_asset_versions_step_{new}", table, [f"step_{new}"])


def _sum_up_runs() -> None:
    """Count what each run published, and sum up its steps."""
    counted = sa.Column("published", WHOLE, nullable=False, server_default="0")
    op.add_column("run_steps", counted)
    op.execute("""UPDATE run_steps SET published = (
        SELECT count(*) FROM assets a JOIN asset_versions v ON v.asset_id = a.id
        JOIN runs r ON r.run_id = run_steps.run_id
        WHERE a.sku = run_steps.sku AND v.published_at BETWEEN r.started_at AND run_steps.at)
        WHERE step = 'publish'""")
    op.add_column("runs", sa.Column("fates", JSON, nullable=False, server_default="{}"))
    for name in ("wasted_usd", *SUMS):
        kind = REAL if name in {"seconds", "cost_usd", "wasted_usd"} else WHOLE
        op.add_column("runs", sa.Column(name, kind, nullable=False, server_default="0"))
    sums = [f"sum({name}) AS {name}" for name in SUMS]
    wasted = "sum(CASE WHEN state IN ('done', 'cached') THEN 0 ELSE cost_usd END) AS wasted_usd"
    connection = op.get_bind()
    totals = connection.execute(sa.text(f"SELECT run_id, {', '.join(sums)}, {wasted} FROM run_steps GROUP BY run_id"))
    values = ", ".join(f"{name} = :{name}" for name in ("wasted_usd", *SUMS))
    if rows := [dict(row) for row in totals.mappings()]:
        connection.execute(sa.text(f"UPDATE runs SET {values} WHERE run_id = :run_id"), rows)
    fates: dict[str, dict[str, int]] = {}
    for run_id, fate, count in connection.execute(
        sa.text("SELECT run_id, fate, count(*) FROM run_shoots GROUP BY run_id, fate ORDER BY run_id, fate")
    ):
        fates.setdefault(run_id, {})[fate] = count
    table = sa.table("runs", sa.column("run_id"), sa.column("fates", JSON))
    for run_id, counts in fates.items():
        connection.execute(table.update().where(table.c.run_id == run_id).values(fates=counts))


def _views(new: str) -> tuple[str, ...]:
    """The views of steps. Each database needs its own form, see revision 0009; PostgreSQL's has OFFSET 0 since 0011."""
    step, producer = f"step_{new}", f"producer_{new}"
    up = f"""WITH RECURSIVE up(step) AS (
        SELECT v.{step} UNION
        SELECT i.{producer} FROM up JOIN step_inputs i ON i.{step} = up.step
        WHERE i.{producer} IS NOT NULL AND i.media_type <> '{TREE}'
    ) SELECT step FROM up"""
    down = f"""WITH RECURSIVE down(step) AS (
        SELECT r.{step} FROM step_inputs r WHERE r.sha256 = p.sha256 AND r.{producer} IS NULL UNION
        SELECT i.{step} FROM down JOIN step_inputs i ON i.{producer} = down.step WHERE i.media_type <> '{TREE}'
    ) SELECT step FROM down"""
    numbered = "s.id AS step_id, " if new == "id" else ""
    lineage = f"""CREATE VIEW asset_lineage AS
    SELECT v.asset_id, v.number, v.made_at, v.replaced_at, {numbered}s.key AS step_key, s.stage, s.version, s.engine,
        s.params, s.report, s.started_at, s.seconds, s.own_seconds, s.peak_memory_mb, s.cost_usd, s.own_cost_usd,
        s.device, s.host, s.versions, s.image_digest
    FROM asset_versions v """
    photos = f"""(SELECT DISTINCT sha256 FROM step_inputs
        WHERE {producer} IS NULL AND media_type NOT IN ('{TREE}', 'application/json')) AS p"""
    impact = """CREATE VIEW photo_impact AS
    SELECT p.sha256 AS photo_sha256, v.asset_id, v.number, a.sku, a.angle, a.backdrop, a.channel, v.sha256, a.state,
        v.made_at, v.published_at, v.replaced_at FROM """
    if _on_postgresql():
        lineage += f"CROSS JOIN LATERAL ({up}) AS u JOIN steps s ON s.{new} = u.step"
        impact += f"""{photos} CROSS JOIN LATERAL ({down}) AS d
        CROSS JOIN LATERAL (SELECT * FROM asset_versions WHERE {step} = d.step OFFSET 0) AS v
        CROSS JOIN LATERAL (SELECT * FROM assets WHERE id = v.asset_id OFFSET 0) AS a"""
    else:
        lineage += f"JOIN steps s ON s.{new} IN ({up})"
        impact += f"""{photos} CROSS JOIN asset_versions v JOIN assets a ON a.id = v.asset_id
        WHERE v.{step} IN ({down})"""
    return lineage, impact, REVIEW_LOG


REVIEW_LOG = """CREATE VIEW review_log AS
SELECT w.id, w.asset_id, a.sku, w.sha256, w.decision, w.reason, w.settings, w.overrules, w.decided_by, w.decided_at,
    w.undone_by, w.undone_at,
    w.undone_at IS NULL AND a.sha256 = w.sha256 AND NOT EXISTS (
        SELECT 1 FROM reviews n
        WHERE n.asset_id = w.asset_id AND n.sha256 = w.sha256 AND n.undone_at IS NULL AND n.id > w.id) AS holds
FROM reviews w JOIN assets a ON a.id = w.asset_id"""
