from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import delete, insert, select

from pipeline.catalog.among import among
from pipeline.catalog.bulk import insert_rows
from pipeline.catalog.database import Catalog
from pipeline.catalog.sync import table_of
from pipeline.catalog.tables import CheckRow, StepRow
from pipeline.catalog.vector_tables import VectorRow
from pipeline.core.errors import CatalogError

TEXT = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=20)
NUMBER = st.floats(allow_nan=False, allow_infinity=False)
SETTINGS = st.dictionaries(TEXT, st.one_of(st.none(), st.booleans(), st.integers(-999, 999), TEXT), max_size=4)
ZONE = st.sampled_from([UTC, timezone(timedelta(hours=-7)), timezone(timedelta(hours=5, minutes=30))])
TIME = st.datetimes(datetime(2020, 1, 1), datetime(2100, 1, 1), timezones=ZONE)
STEPS = table_of(StepRow)
VALUES = {
    "id": st.integers(1, 2**62), "key": TEXT.filter(bool),
    "stage": TEXT, "version": st.integers(0, 2**62), "engine": st.none() | TEXT,
    "params": SETTINGS, "report": SETTINGS, "started_at": TIME, "seconds": NUMBER, "own_seconds": NUMBER,
    "peak_memory_mb": NUMBER, "cost_usd": NUMBER, "own_cost_usd": NUMBER, "device": TEXT, "host": TEXT,
    "versions": SETTINGS, "image_digest": st.none() | TEXT, "held": st.none() | TEXT, "remedy": st.none() | TEXT,
}  # fmt: skip


@given(step=st.fixed_dictionaries(VALUES))
@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_row_is_read_as_it_was_inserted(catalog_url: str, step: dict[str, Any]) -> None:
    with Catalog(catalog_url).write() as session:
        session.execute(delete(STEPS))
        insert_rows(session.connection(), STEPS, [[step[column.name] for column in STEPS.columns]])
        assert session.execute(select(STEPS)).mappings().one() == step


def test_rows_are_those_that_sqlalchemy_would_insert(catalog_url: str) -> None:
    """The texts in the database are the same, not only the values that are read: analysts read them too."""
    step: dict[str, Any] = {
        name: "é\t\\N\n" for name, column in STEPS.columns.items() if column.type.python_type is str
    }
    step |= {name: 0.1 for name, column in STEPS.columns.items() if column.type.python_type is float}
    step |= {name: {"a": [1, None, "é"]} for name in ("params", "report", "versions")}
    step |= {"id": 1, "version": 1, "started_at": datetime(2026, 1, 2, 3, 4, 5, 6, tzinfo=UTC)}
    catalog = Catalog(catalog_url)
    with catalog.write() as session:
        insert_rows(session.connection(), STEPS, [[step[column.name] for column in STEPS.columns]])
        session.execute(insert(STEPS), {**step, "id": 2, "key": "other"})
        others = (column.name for column in STEPS.columns if column.name not in {"id", "key"})
        columns = ", ".join(f'CAST("{name}" AS TEXT)' for name in others)
        raw = session.connection().exec_driver_sql(f"SELECT {columns} FROM steps").all()  # noqa: S608
    assert raw[0] == raw[1]


def test_a_row_that_the_database_refuses_is_one_error_and_changes_nothing(catalog_url: str) -> None:
    catalog = Catalog(catalog_url)
    orphan = ["MUG-1/front/white/shop", "name", 1.0, "", None, True, "review", "words"]
    with pytest.raises(CatalogError, match=r"foreign key|FOREIGN KEY"), catalog.write() as session:
        insert_rows(session.connection(), table_of(CheckRow), [orphan])
    with catalog.read() as session:
        assert session.scalars(select(CheckRow)).all() == []


def test_among_finds_rows_by_index_whatever_the_number_of_values(catalog_url: str) -> None:
    """SQLAlchemy writes a condition of its own kind as `(...) = 1` for SQLite, which then reads the whole table."""
    columns = {"stage": "cutout", "version": 1, "started_at": datetime.now(UTC), "device": "cpu", "host": "h"}
    numbers = dict.fromkeys(("seconds", "own_seconds", "peak_memory_mb", "cost_usd", "own_cost_usd"), 0.0)
    json = {name: {} for name in ("params", "report", "versions")}  # type: ignore[var-annotated]
    with Catalog(catalog_url).write() as session:
        session.execute(insert(STEPS), [{"id": n + 1, "key": f"k{n}", **columns, **numbers, **json} for n in range(30)])
        for wanted in ([], ["k3"], ["k3", "k7", "none", "k3", "'", "é"]):
            found = set(session.scalars(select(StepRow.key).where(among(StepRow.key, wanted), StepRow.version == 1)))
            assert found == set(wanted) & {"k3", "k7"}
            left = session.scalars(select(StepRow.key).where(~among(StepRow.key, wanted))).all()
            assert len(left) == 30 - len(found)
        query = select(VectorRow.name).where(among(VectorRow.sku, ["a"]), VectorRow.kind == "photo")
        if session.connection().dialect.name == "sqlite":
            explain = f"EXPLAIN QUERY PLAN {query.compile(session.connection())}"
            plan = session.connection().exec_driver_sql(explain, ("[]", "photo")).all()
            assert plan[0][3].startswith("SEARCH vectors USING")
