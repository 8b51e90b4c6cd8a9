"""Fills a catalog for `benchmarks.catalog`: the rows that publishing invented shoots would write, in bulk.

With `wal_level = minimal` and `max_wal_senders = 0`, PostgreSQL loads them without writing its log.
"""

import json
from collections import Counter
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Table, text, update

from benchmarks.catalog_shoots import BEGAN, Shoot, digest
from pipeline.catalog.board_tables import ShootStateRow
from pipeline.catalog.bulk import insert_lines
from pipeline.catalog.database import Catalog
from pipeline.catalog.entries import AssetEntry, Publication, asset_id
from pipeline.catalog.fact_tables import FactRow, ShootFactRow
from pipeline.catalog.run_tables import RunRow, RunShootRow, RunStepRow
from pipeline.catalog.sync import table_of
from pipeline.catalog.tables import (
    AngleRow,
    AssetRow,
    Base,
    CheckRow,
    InputRow,
    ItemRow,
    OutputRow,
    ShootRow,
    StepRow,
    search_text,
)
from pipeline.catalog.trace.facts import Fact, Facts, fact_id, steps_behind
from pipeline.catalog.version_tables import VersionRow

STEPS = ("ingest", "cutout", "sfm", "coverage", "splat", "render", "caption", "background", "composite", "publish")
BATCH = 200  # shoots that are inserted together
PER_NIGHT = 1000  # shoots that one run published
SHOWN = ("media_type", "width_px", "height_px", "source", "verdict")
NO_SUMS = dict.fromkeys(("seconds", "cost_usd", "wasted_usd", "computed", "reused", "published"), 0)
SUM_UP = """UPDATE runs SET (seconds, cost_usd, computed, reused, published) = (
    SELECT sum(seconds), sum(cost_usd), sum(computed), sum(reused), sum(published) FROM run_steps t
    WHERE t.run_id = runs.run_id)"""
TEMPLATES = 100  # shoots that are worked out; all others are like one of them
TAB, LINE = "\t", "\n"


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
        runs = [{"run_id": night(at), "started_at": moment(at), "fates": {}} for at in range(0, shoots, PER_NIGHT)]
        _insert(connection, RunRow, [NO_SUMS | run for run in runs])
        _insert(connection, FactRow, [{"id": fact_id(fact), **fact._asdict()} for fact in facts])
        for start in range(0, shoots, BATCH):
            _insert_shoots(connection, templates, range(start, min(shoots, start + BATCH)))
        connection.execute(text(SUM_UP))
        for night_at in range(0, shoots, PER_NIGHT):
            fates = {"done": min(PER_NIGHT, shoots - night_at)}
            connection.execute(update(RunRow).where(RunRow.run_id == night(night_at)).values(fates=fates))
        for index in indexes:
            index.create(connection)
        connection.commit()
    _settle(catalog)


def _insert_shoots(connection: Connection, templates: list["Template"], numbers: range) -> None:
    """Insert shoots: on PostgreSQL as text that COPY reads, else as rows of one prepared statement."""
    made = [(templates[number % TEMPLATES], templates[number % TEMPLATES].values(number)) for number in numbers]
    if connection.dialect.name != "postgresql":
        for table in templates[0].shapes:
            insert_lines(connection, table, [row for own, values in made for row in own.shapes[table].rows(values)])
        return
    driver: Any = connection.connection.driver_connection
    texts = [(own, list(map(str, values))) for own, values in made]
    for table in templates[0].shapes:
        columns = ", ".join(f'"{column.name}"' for column in table.columns)
        with driver.cursor() as cursor, cursor.copy(f"COPY {table.name} ({columns}) FROM STDIN (FREEZE)") as copy:
            copy.write("".join(own.shapes[table].text(values) for own, values in texts))


def _without_care(connection: Connection) -> None:
    if connection.dialect.name == "postgresql":
        connection.execute(text("SET LOCAL session_replication_role = replica"))
        connection.execute(text(f"TRUNCATE {', '.join(Base.metadata.tables)}"))  # in one transaction: needs no log
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
    catalog.take_statistics()  # as the summary of a run does
    catalog.engine.dispose()


class StepNumber(int):
    """The number of a step within its shoot, from 1 on; `steps.id` of the first shoot."""


class Template:
    """The rows of one shoot. Those of others are made by replacing what differs.

    `facts`: is added those of the shoot.
    """

    def __init__(self, number: int, facts: set[Fact], dialect: str) -> None:
        self.shoot, self.dialect = Shoot(number), dialect
        publication = self.shoot.publication()
        self.steps = len(publication.steps)
        rows: dict[type[Base], list[dict[str, Any]]] = {}
        for kind, values in rows_of(publication, number, facts):
            rows.setdefault(kind, []).append(values)
        self.lines = {table_of(kind): _lines(table_of(kind), found, dialect) for kind, found in rows.items()}
        same = self.names(self.shoot)
        cells = (value for lines in self.lines.values() for line in lines for value in line)
        self.different = list(dict.fromkeys(value for value in cells if self.differs(value, same)))
        order = {value: at for at, value in enumerate(self.different)}
        self.shapes = {
            table: Shape([value for line in lines for value in line], len(table.columns), order)
            for table, lines in self.lines.items()
        }

    def differs(self, value: Any, same: dict[Any, Any]) -> bool:
        """Whether another shoot has another value here. `same`: what this one's are called."""
        if isinstance(value, StepNumber):
            return True
        known = isinstance(value, str | datetime) and value in same
        return known or (isinstance(value, str) and value.startswith(self.shoot.sku))

    def names(self, other: Shoot) -> dict[Any, Any]:
        """What another shoot has in the place of this one's values."""
        own, number = self.shoot, self.shoot.number
        names = {own.sku: other.sku, own.collection: other.collection, own.title: other.title}
        names[search_text(own.sku, own.title)] = search_text(other.sku, other.title)
        names[night(number)] = night(other.number)
        names[cell(moment(number), self.dialect)] = cell(moment(other.number), self.dialect)
        for value, parts in own.digests.items():
            names[value] = digest(*(names.get(part, part) for part in parts))
        return names

    def values(self, number: int) -> list[Any]:
        """What shoot `number` has in the place of each of `different`."""
        other = Shoot(number)
        names, before = self.names(other), number * self.steps
        return [
            value + before if isinstance(value, StepNumber) else names.get(value) or other.sku + value[len(other.sku) :]
            for value in self.different
        ]


class Shape:
    """The rows of one table in a template, and where in them something differs.

    `cells`: of all rows, one after the other. `order`: the place of each differing value in `Template.values`.
    """

    def __init__(self, cells: list[Any], width: int, order: dict[Any, int]) -> None:
        self.cells, self.width = cells, width
        # equal numbers of other columns are no step numbers
        kinds = ((at, value) for at, value in enumerate(cells) if isinstance(value, StepNumber | str | datetime))
        self.slots = [(at, order[value]) for at, value in kinds if value in order]
        texts = [f"{_text(value)}{TAB if (at + 1) % width else LINE}" for at, value in enumerate(cells)]
        self.pieces, last = [""], 0
        for at, _ in self.slots:
            end = TAB if (at + 1) % width else LINE
            self.pieces[-1] += "".join(texts[last:at])
            self.pieces += ["", end]
            last = at + 1
        self.pieces[-1] += "".join(texts[last:])

    def rows(self, values: list[Any]) -> Iterator[tuple[Any, ...]]:
        """The rows with these values."""
        cells = self.cells.copy()
        for at, number in self.slots:
            cells[at] = values[number]
        return zip(*[iter(cells)] * self.width, strict=True)

    def text(self, values: list[str]) -> str:
        """The rows with these values as PostgreSQL's COPY reads them."""
        pieces = self.pieces.copy()
        pieces[1::2] = [values[number] for _, number in self.slots]
        return "".join(pieces)


def _text(value: Any) -> str:
    """A value as COPY reads it."""
    if value is None:
        return r"\N"
    if isinstance(value, str):
        return value.replace("\\", r"\\").replace("\t", r"\t").replace("\n", r"\n")
    return str(value)


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
    steps = {step.key: StepNumber(at) for at, step in enumerate(publication.steps, 1)}
    own["search_text"] = search_text(sku, publication.title)
    yield ShootRow, {**own, "source": "/shoots", "last_run_id": run, "last_run_at": now, "fate": "done", "reason": ""}
    for decision in publication.angles or ():
        angle = {"angle": decision.angle.name, "azimuth_deg": decision.angle.azimuth_deg, "elevation_deg": 0.0}
        yield AngleRow, {"sku": sku, **angle, "source": "captured", "photo": decision.photo, "reason": "near"}
    for entry in publication.assets or ():
        yield from _asset_rows(sku, entry, steps, now)
    counts = Counter((entry.state, entry.record.channel) for entry in publication.assets or ())
    for (state, channel), count in counts.items():
        yield ShootStateRow, {"sku": sku, "state": state, "channel": channel, "source": "captured", "count": count}
    yield from _lineage_rows(publication, steps)
    reader, behind = Facts(), steps_behind(publication)
    found = reader.of_steps(step for step in publication.steps if step.key in behind)
    facts |= found
    for fact in found:
        yield ShootFactRow, {"fact_id": fact_id(fact), "sku": sku}
    yield RunShootRow, {"run_id": run, "sku": sku, "fate": "done", "reason": "", "at": now}
    published = sum(entry.state == "published" for entry in publication.assets or ())
    for step in STEPS:
        costs = {"seconds": 2.0, "cost_usd": 0.002, "computed": 3, "reused": 1}
        costs["published"] = published if step == "publish" else 0
        yield RunStepRow, {"run_id": run, "sku": sku, "step": step, "state": "done", "reason": "", "at": now, **costs}


def _lineage_rows(
    publication: Publication, steps: dict[str, StepNumber]
) -> Iterator[tuple[type[Base], dict[str, Any]]]:
    for step in publication.steps:
        yield StepRow, {"id": steps[step.key], **vars(step)}
    for edge in publication.inputs:
        producer = steps[edge.producer_key] if edge.producer_key else None
        yield InputRow, {"step_id": steps[edge.step_key], "producer_id": producer, **vars(edge)}
    for made in publication.outputs:
        yield OutputRow, {"step_id": steps[made.step_key], **vars(made)}
    for item in publication.items:
        yield ItemRow, {"step_id": steps[item.step_key], "item_id": steps[item.item_key], **vars(item)}


def _asset_rows(
    sku: str, entry: AssetEntry, steps: dict[str, StepNumber], now: Any
) -> Iterator[tuple[type[Base], dict[str, Any]]]:
    identity, record = asset_id(sku, entry.record), entry.record
    shown = {name: getattr(record, name) for name in SHOWN}
    shown |= {"sha256": entry.sha256, "size_bytes": entry.size_bytes, "step_id": steps[entry.step_key or ""]}
    shown |= {"reasons": list(record.reasons), "published_at": now if entry.state == "published" else None}
    place = {"sku": sku, "angle": record.angle, "backdrop": record.backdrop, "channel": record.channel}
    yield AssetRow, {"id": identity, **place, **shown, "state": entry.state, "current": True}
    yield VersionRow, {"asset_id": identity, "number": 1, **shown, "checked_state": entry.state, "made_at": now}
    for check in record.checks:
        yield CheckRow, {"asset_id": identity, **vars(check)}


def _insert(connection: Connection, kind: type[Base], rows: list[dict[str, Any]]) -> None:
    insert_lines(connection, table_of(kind), _lines(table_of(kind), rows, connection.dialect.name))
