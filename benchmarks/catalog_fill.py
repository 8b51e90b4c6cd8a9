"""Fills a catalog for `benchmarks.catalog`: the rows that publishing invented shoots would write, in bulk."""

import json
from collections import Counter
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Table, text

from benchmarks.catalog_shoots import BEGAN, Shoot, digest
from pipeline.catalog.board_tables import ShootStateRow
from pipeline.catalog.bulk import insert_lines
from pipeline.catalog.database import Catalog
from pipeline.catalog.entries import AssetEntry, Publication, asset_id
from pipeline.catalog.fact_tables import FactRow, ShootFactRow
from pipeline.catalog.run_tables import RunRow, RunShootRow, RunStepRow
from pipeline.catalog.sync import table_of
from pipeline.catalog.tables import AngleRow, AssetRow, Base, CheckRow, InputRow, ItemRow, OutputRow, ShootRow, StepRow
from pipeline.catalog.trace.facts import Fact, Facts, fact_id, steps_behind
from pipeline.catalog.version_tables import VersionRow

STEPS = ("ingest", "cutout", "sfm", "coverage", "splat", "render", "caption", "background", "composite", "publish")
BATCH = 200  # shoots that are inserted together
PER_NIGHT = 1000  # shoots that one run published
SHOWN = ("media_type", "width_px", "height_px", "source", "verdict")
TEMPLATES = 100  # shoots that are worked out; all others are like one of them
Lines = dict[Table, list[tuple[Any, ...]]]


def night(number: int) -> str:
    """The run that published shoot `number`."""
    return f"night-{number // PER_NIGHT:05}"


def fill(catalog: Catalog, shoots: int) -> None:
    """Insert this many shoots into an empty database; its indexes are made at the end.

    A database that an interrupted call leaves behind is of no use: SQLite writes without a journal, PostgreSQL without
    looking at foreign keys.
    """
    with catalog.engine.execution_options(catalog_writes=True, catalog_migrates=True).connect() as connection:
        indexes = [index for table in Base.metadata.sorted_tables for index in table.indexes]
        _without_care(connection)
        for index in indexes:
            index.drop(connection)
        facts: set[Fact] = set()
        templates = [Template(number, facts, connection.dialect.name) for number in range(min(shoots, TEMPLATES))]
        for start in range(0, shoots, BATCH):
            lines: Lines = {}
            for number in range(start, min(shoots, start + BATCH)):
                templates[number % TEMPLATES].add_to(lines, number)
            for table, values in lines.items():
                insert_lines(connection, table, values)
        _insert(
            connection, RunRow, [{"run_id": night(at), "started_at": moment(at)} for at in range(0, shoots, PER_NIGHT)]
        )
        _insert(connection, FactRow, [{"id": fact_id(fact), **fact._asdict()} for fact in facts])
        for index in indexes:
            index.create(connection)
        connection.commit()
    _settle(catalog)


def _without_care(connection: Connection) -> None:
    if connection.dialect.name == "postgresql":
        connection.execute(text("SET LOCAL session_replication_role = replica"))
        connection.execute(text("SET LOCAL maintenance_work_mem = '512MB'"))
        return
    driver: Any = connection.connection.driver_connection
    for setting in ("journal_mode=OFF", "synchronous=OFF", "cache_size=-3000000", "temp_store=FILE"):
        driver.execute(f"PRAGMA {setting}")


def _settle(catalog: Catalog) -> None:
    """Leave the database as one that has grown by itself."""
    with catalog.engine.connect() as connection:
        driver: Any = connection.connection.driver_connection
        if connection.dialect.name == "postgresql":  # as its autovacuum does
            connection.execution_options(isolation_level="AUTOCOMMIT").execute(text("VACUUM ANALYZE"))
        else:
            driver.execute("PRAGMA journal_mode=WAL")
    catalog.engine.dispose()


class Template:
    """The rows of one shoot, as the driver takes them. Those of others are made by replacing what differs.

    `facts`: is added those of the shoot.
    """

    def __init__(self, number: int, facts: set[Fact], dialect: str) -> None:
        self.shoot, self.dialect = Shoot(number), dialect
        rows: dict[type[Base], list[dict[str, Any]]] = {}
        for kind, values in rows_of(self.shoot.publication(), number, facts):
            rows.setdefault(kind, []).append(values)
        self.lines = {table_of(kind): _lines(table_of(kind), found, dialect) for kind, found in rows.items()}
        self.same = self.names(self.shoot)
        self.slots = {
            table: [(row, at) for row, line in enumerate(lines) for at, value in enumerate(line) if self.differs(value)]
            for table, lines in self.lines.items()
        }

    def differs(self, value: Any) -> bool:
        """Whether another shoot has another value here."""
        known = isinstance(value, str | datetime) and value in self.same
        return known or (isinstance(value, str) and value.startswith(self.shoot.sku))

    def names(self, other: Shoot) -> dict[Any, Any]:
        """What another shoot has in the place of this one's values."""
        own, number = self.shoot, self.shoot.number
        names = {own.sku: other.sku, own.collection: other.collection, own.title: other.title}
        names[night(number)] = night(other.number)
        names[cell(moment(number), self.dialect)] = cell(moment(other.number), self.dialect)
        for value, parts in own.digests.items():
            names[value] = digest(*(names.get(part, part) for part in parts))
        return names

    def add_to(self, lines: Lines, number: int) -> None:
        """Add the rows of shoot `number`."""
        other = Shoot(number)
        names = self.names(other)
        for table, own in self.lines.items():
            made = [list(line) for line in own]
            for row, at in self.slots[table]:
                value = own[row][at]
                made[row][at] = names.get(value) or value.replace(self.shoot.sku, other.sku)
            lines.setdefault(table, []).extend(map(tuple, made))


def _lines(table: Table, rows: list[dict[str, Any]], dialect: str) -> list[tuple[Any, ...]]:
    return [tuple(cell(row.get(column.name), dialect) for column in table.columns) for row in rows]


def cell(value: Any, dialect: str) -> Any:
    """A value as the driver takes it."""
    if isinstance(value, dict | list):
        return json.dumps(value)
    if isinstance(value, datetime) and dialect == "sqlite":
        return value.strftime("%Y-%m-%d %H:%M:%S.%f")
    return value


def moment(number: int) -> datetime:
    """When shoot `number` was published."""
    return BEGAN + timedelta(seconds=number)


def rows_of(publication: Publication, number: int, facts: set[Fact]) -> Iterator[tuple[type[Base], dict[str, Any]]]:
    """What publish would write of one shoot, and its part of one night."""
    sku, now, run = publication.sku, moment(number), night(number)
    own = publication.model_dump(include={"sku", "collection", "title", "brand", "category", "attributes"})
    yield ShootRow, {**own, "source": "/shoots", "last_run_id": run, "last_run_at": now, "fate": "done", "reason": ""}
    for decision in publication.angles or ():
        angle = {"angle": decision.angle.name, "azimuth_deg": decision.angle.azimuth_deg, "elevation_deg": 0.0}
        yield AngleRow, {"sku": sku, **angle, "decision": "captured", "photo": decision.photo, "reason": "near"}
    for entry in publication.assets or ():
        yield from _asset_rows(sku, entry, now)
    counts = Counter((entry.state, entry.record.channel) for entry in publication.assets or ())
    for (state, channel), count in counts.items():
        yield ShootStateRow, {"sku": sku, "state": state, "channel": channel, "source": "captured", "count": count}
    lineage = {StepRow: publication.steps, InputRow: publication.inputs, OutputRow: publication.outputs}
    for table, entries in {**lineage, ItemRow: publication.items}.items():
        yield from ((table, vars(entry)) for entry in entries)
    reader, behind = Facts(), steps_behind(publication)
    found = reader.of_steps(step for step in publication.steps if step.key in behind)
    facts |= found
    for fact in found:
        yield ShootFactRow, {"fact_id": fact_id(fact), "sku": sku}
    yield RunShootRow, {"run_id": run, "sku": sku, "fate": "done", "reason": "", "at": now}
    for step in STEPS:
        costs = {"seconds": 2.0, "cost_usd": 0.002, "computed": 3, "reused": 1}
        yield RunStepRow, {"run_id": run, "sku": sku, "step": step, "state": "done", "reason": "", "at": now, **costs}


def _asset_rows(sku: str, entry: AssetEntry, now: Any) -> Iterator[tuple[type[Base], dict[str, Any]]]:
    identity, record = asset_id(sku, entry.record), entry.record
    shown = {name: getattr(record, name) for name in SHOWN}
    shown |= {"sha256": entry.sha256, "size_bytes": entry.size_bytes, "step_key": entry.step_key}
    shown |= {"reasons": list(record.reasons), "published_at": now if entry.state == "published" else None}
    place = {"sku": sku, "angle": record.angle, "backdrop": record.backdrop, "channel": record.channel}
    yield AssetRow, {"id": identity, **place, **shown, "state": entry.state, "current": True}
    yield VersionRow, {"asset_id": identity, "number": 1, **shown, "checked_state": entry.state, "made_at": now}
    for check in record.checks:
        yield CheckRow, {"asset_id": identity, **vars(check)}


def _insert(connection: Connection, kind: type[Base], rows: list[dict[str, Any]]) -> None:
    insert_lines(connection, table_of(kind), _lines(table_of(kind), rows, connection.dialect.name))
