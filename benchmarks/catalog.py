"""Fills a catalog with invented shoots, then times its queries and publishing.

    python -m benchmarks.catalog URL [--assets N] [--calls N] [--write NAME]

URL: an empty SQLite or PostgreSQL database, as in CATALOG_DATABASE_URL; one that an earlier call has filled is only
timed. Rows are inserted in bulk, and are those that `publish` would write. Each query is called with other arguments
every time, on a connection that is kept, as the pages' are. `CPU` is that of this process, which on SQLite is all of
it, and with --server-pid also that of PostgreSQL: the mean of all calls. Wall times mean little on a busy machine. The
URL of PostgreSQL must be a superuser's: foreign keys are not checked while rows are loaded.
"""

import argparse
import json
import random
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import psutil
from sqlalchemy import Connection, func, select, text

from benchmarks.catalog_shoots import ASSETS, BEGAN, COMMON, PHOTOS, RARE, Shoot, digest
from pipeline.catalog.board.board import BoardFilter, count_states, read_board
from pipeline.catalog.board.product import read_product
from pipeline.catalog.board_tables import ShootStateRow
from pipeline.catalog.database import Catalog
from pipeline.catalog.entries import Publication, asset_id
from pipeline.catalog.fact_tables import FactRow, ShootFactRow
from pipeline.catalog.lineage import read_lineage
from pipeline.catalog.publishing import publish
from pipeline.catalog.review.queue import review_queue
from pipeline.catalog.run_tables import RunRow, RunShootRow, RunStepRow
from pipeline.catalog.runs.costs import list_run_shoots, list_runs, read_run
from pipeline.catalog.tables import AngleRow, AssetRow, Base, CheckRow, InputRow, ItemRow, OutputRow, ShootRow, StepRow
from pipeline.catalog.trace.behind import impact_of_checkpoint, impact_of_setting
from pipeline.catalog.trace.facts import Fact, Facts, fact_id, steps_behind
from pipeline.catalog.trace.impact import impact_of_photo
from pipeline.catalog.version_tables import VersionRow

RECORD = Path(__file__).with_name("CATALOG.md")
STEPS = ("ingest", "cutout", "sfm", "coverage", "splat", "render", "caption", "background", "composite", "publish")
BATCH = 200  # shoots that are inserted together
NIGHT = "night-2026-01-02"
Rows = dict[type[Base], list[dict[str, Any]]]


class Timing(NamedTuple):
    """One query. Wall and CPU in ms; `goal_ms`: for the 95th percentile of wall."""

    name: str
    goal_ms: float
    wall_p50: float
    wall_p95: float
    cpu_p50: float
    cpu_p95: float
    server_cpu: float


def fill(catalog: Catalog, shoots: int) -> None:
    """Insert this many shoots, some at a time."""
    facts: set[Fact] = set()
    with catalog.engine.execution_options(catalog_writes=True, catalog_migrates=True).begin() as connection:
        if connection.dialect.name == "postgresql":
            connection.execute(text("SET LOCAL session_replication_role = replica"))
        insert(connection, {RunRow: [{"run_id": NIGHT, "started_at": BEGAN}]})
        for start in range(0, shoots, BATCH):
            rows: Rows = {}
            for number in range(start, min(shoots, start + BATCH)):
                for table, values in rows_of(Shoot(number).publication(), facts):
                    rows.setdefault(table, []).append(values)
            insert(connection, rows)
        insert(connection, {FactRow: [{"id": fact_id(fact), **fact._asdict()} for fact in facts]})
    with catalog.engine.connect() as connection:
        if connection.dialect.name == "postgresql":  # as its autovacuum does by itself
            connection.execution_options(isolation_level="AUTOCOMMIT").execute(text("VACUUM ANALYZE"))


def rows_of(publication: Publication, facts: set[Fact]) -> Iterator[tuple[type[Base], dict[str, Any]]]:
    """What publish would write of one shoot, and its part of one night."""
    sku, now = publication.sku, BEGAN + timedelta(seconds=int(publication.sku[4:]))
    own = publication.model_dump(include={"sku", "collection", "title", "brand", "category", "attributes"})
    yield ShootRow, {**own, "source": "/shoots", "last_run_id": NIGHT, "last_run_at": now, "fate": "done", "reason": ""}
    for decision in publication.angles or ():
        angle = {"angle": decision.angle.name, "azimuth_deg": decision.angle.azimuth_deg, "elevation_deg": 0.0}
        yield AngleRow, {"sku": sku, **angle, "decision": "captured", "photo": decision.photo, "reason": "near"}
    counts: dict[tuple[str, str], int] = {}
    for entry in publication.assets or ():
        identity, record = asset_id(sku, entry.record), entry.record
        shown = {name: getattr(record, name) for name in ("media_type", "width_px", "height_px", "source", "verdict")}
        shown |= {"sha256": entry.sha256, "size_bytes": entry.size_bytes, "step_key": entry.step_key}
        shown |= {"reasons": list(record.reasons), "published_at": now if entry.state == "published" else None}
        place = {"sku": sku, "angle": record.angle, "backdrop": record.backdrop, "channel": record.channel}
        yield AssetRow, {"id": identity, **place, **shown, "state": entry.state, "current": True}
        yield VersionRow, {"asset_id": identity, "number": 1, **shown, "checked_state": entry.state, "made_at": now}
        counts[entry.state, record.channel] = counts.get((entry.state, record.channel), 0) + 1
        for check in record.checks:
            yield CheckRow, {"asset_id": identity, **check.model_dump()}
    for (state, channel), count in counts.items():
        yield ShootStateRow, {"sku": sku, "state": state, "channel": channel, "source": "captured", "count": count}
    lineage = {StepRow: publication.steps, InputRow: publication.inputs, OutputRow: publication.outputs}
    for table, entries in {**lineage, ItemRow: publication.items}.items():
        yield from ((table, entry.model_dump()) for entry in entries)
    reader, behind = Facts(), steps_behind(publication)
    steps = (step for step in publication.steps if step.key in behind)
    found = set().union(*(reader.of(step.stage, step.params, step.report) for step in steps))
    facts |= found
    for fact in found:
        yield ShootFactRow, {"fact_id": fact_id(fact), "sku": sku}
    yield RunShootRow, {"run_id": NIGHT, "sku": sku, "fate": "done", "reason": "", "at": now}
    for step in STEPS:
        costs = {"seconds": 2.0, "cost_usd": 0.002, "computed": 3, "reused": 1}
        yield RunStepRow, {"run_id": NIGHT, "sku": sku, "step": step, "state": "done", "reason": "", "at": now, **costs}


def insert(connection: Connection, rows: Rows) -> None:
    """Insert rows in bulk: by COPY on PostgreSQL, else one prepared statement for all rows of a table."""
    driver: Any = connection.connection.driver_connection
    for table, values in rows.items():
        columns = list(table.__table__.columns)
        names = ", ".join(f'"{column.name}"' for column in columns)
        lines = ([cell(row.get(column.name), connection.dialect.name) for column in columns] for row in values)
        if connection.dialect.name == "postgresql":
            with driver.cursor().copy(f"COPY {table.__tablename__} ({names}) FROM STDIN") as copy:
                for line in lines:
                    copy.write_row(line)
        else:
            marks = ", ".join("?" * len(columns))
            driver.executemany(f"INSERT INTO {table.__tablename__} ({names}) VALUES ({marks})", lines)  # noqa: S608


def cell(value: Any, dialect: str) -> Any:
    """A value as the driver takes it."""
    if isinstance(value, dict | list):
        return json.dumps(value)
    if isinstance(value, datetime) and dialect == "sqlite":
        return value.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S.%f")
    return value


def server_seconds(pid: int | None) -> float:
    """CPU seconds of a server, of its processes, and of those that have ended."""
    if pid is None:
        return 0.0
    server = psutil.Process(pid)
    return sum(sum(process.cpu_times()[:4]) for process in (server, *server.children()))


@dataclass(frozen=True)
class Clock:
    """Calls something so often, after two calls that do not count. `server`: the pid of a server to watch, or None."""

    calls: int
    server: int | None

    def timed(self, name: str, goal_ms: float, call: Callable[[], object]) -> Timing:
        """Time a query."""
        wall, cpu = [], []
        call()
        call()
        before = server_seconds(self.server)
        for _ in range(self.calls):
            began, used = time.perf_counter(), time.process_time()
            call()
            wall.append((time.perf_counter() - began) * 1000)
            cpu.append((time.process_time() - used) * 1000)
        served = (server_seconds(self.server) - before) / self.calls * 1000
        shares = [np.percentile(values, share) for values in (wall, cpu) for share in (50, 95)]
        return Timing(name, goal_ms, *(round(float(share), 1) for share in (*shares, served)))


def queries(catalog: Catalog, shoots: int, clock: Clock) -> Iterable[Timing]:
    """Time every query."""
    rng = random.Random(1)

    def sku() -> str:
        return f"SKU-{rng.randrange(shoots):07}"

    def photo() -> str:
        return digest(sku(), f"DSC_{rng.randrange(PHOTOS):04}")

    def board(**wanted: Any) -> Callable[[], object]:
        def call() -> object:
            chosen = {name: value() if callable(value) else value for name, value in wanted.items()}
            return read_board(catalog, BoardFilter(**chosen)), count_states(catalog, BoardFilter(**chosen))

        return call

    yield clock.timed("lineage of an asset", 20, lambda: read_lineage(catalog, f"{sku()}/left/oak/shop"))
    yield clock.timed("impact of a photo", 50, lambda: impact_of_photo(catalog, photo()))
    yield clock.timed("impact of the common checkpoint, first page", 500, lambda: impact_of_checkpoint(catalog, COMMON))
    yield clock.timed(
        "impact of the common checkpoint, a later page",
        500,
        lambda: impact_of_checkpoint(catalog, COMMON, cursor=f"{sku()}/left/oak/shop@1"),
    )
    yield clock.timed("impact of a rare checkpoint, first page", 500, lambda: impact_of_checkpoint(catalog, RARE))
    yield clock.timed(
        "impact of a setting, first page", 500, lambda: impact_of_setting(catalog, "composite.mode=layer")
    )
    yield clock.timed("board and counts", 100, board())
    yield clock.timed("board and counts, a later page", 100, board(cursor=sku))
    yield clock.timed("board and counts, newest", 100, board(sort="newest"))
    yield clock.timed(
        "board and counts, one collection",
        100,
        board(collection=lambda: f"collection-{rng.randrange(max(1, shoots // 200))}"),
    )
    yield clock.timed("board and counts, in review", 100, board(state="in review", channel="feed"))
    yield clock.timed("board and counts, of a run", 100, board(run_id=NIGHT))
    yield clock.timed("search, board and counts", 100, board(text=lambda: f"mug {rng.randrange(shoots)}"))
    yield clock.timed("product", 300, lambda: read_product(catalog, sku()))
    yield clock.timed("review queue", 300, lambda: review_queue(catalog, cursor=sku()))
    yield clock.timed("runs", 300, lambda: list_runs(catalog))
    yield clock.timed("a run by step", 300, lambda: read_run(catalog, NIGHT))
    yield clock.timed("shoots of a run", 300, lambda: list_run_shoots(catalog, NIGHT, cursor=sku()))


def publishing(catalog: Catalog, first: int, shoots: int) -> dict[str, tuple[float, float]]:
    """Assets per second of wall and of CPU: new shoots, then the same ones again."""
    publications = [Shoot(first + number).publication() for number in range(shoots)]
    rates = {}
    for name in ("new", "unchanged"):
        began, used = time.perf_counter(), time.process_time()
        for publication in publications:
            publish(catalog, publication, datetime.now(UTC))
        seconds, cpu = time.perf_counter() - began, time.process_time() - used
        rates[name] = (round(shoots * ASSETS / seconds), round(shoots * ASSETS / cpu))
    return rates


def main() -> None:
    """Fill, time, print, and append to the record."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("url")
    parser.add_argument("--assets", type=int, default=100_000)
    parser.add_argument("--calls", type=int, default=40)
    parser.add_argument("--publish", type=int, default=25, help="shoots that are published")
    parser.add_argument("--server-pid", type=int, help="of PostgreSQL's first process, if it runs here")
    parser.add_argument("--write", metavar="NAME", help="append the figures to CATALOG.md under this name")
    args = parser.parse_args()
    catalog, began = Catalog(args.url, pooled=True), time.perf_counter()
    with catalog.read() as session:
        shoots = session.scalar(select(func.count()).select_from(ShootRow)) or 0
    if not shoots:
        shoots = args.assets // ASSETS
        fill(catalog, shoots)
        print(f"filled with {shoots * ASSETS} assets in {time.perf_counter() - began:.0f} s", flush=True)
    lines = [
        "| query | goal, ms | p50, ms | p95, ms | CPU p50, ms | CPU p95, ms | server's CPU, ms |",
        "|---|---|---|---|---|---|---|",
    ]
    for timing in queries(catalog, shoots, Clock(args.calls, args.server_pid)):
        lines.append(f"| {' | '.join(map(str, timing))} |")
        print(lines[-1], flush=True)
    for name, (wall, cpu) in publishing(catalog, shoots, args.publish).items():
        lines.append(f"\nPublishing {name} shoots: {wall} assets per second, {cpu} per second of CPU.")
        print(lines[-1], flush=True)
    if args.write:
        made = f"`python -m benchmarks.catalog`, {datetime.now(UTC):%Y-%m-%d}, {shoots * ASSETS} assets"
        title = f"## {args.write}\n\n{made}.\n\n"
        RECORD.write_text(RECORD.read_text() + "\n" + title + "\n".join(lines) + "\n")


if __name__ == "__main__":
    main()
