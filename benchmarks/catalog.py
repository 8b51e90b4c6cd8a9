"""Fills a catalog with invented shoots, then times its queries, pages, publishing and withdrawing.

    python -m benchmarks.catalog URL [--assets N] [--calls N] [--only TEXT] [--write NAME]

URL: an empty SQLite or PostgreSQL database, as in CATALOG_DATABASE_URL; one that an earlier call has filled is only
timed. Rows are inserted in bulk, and are those that `publish` would write. Each query is called with other arguments
every time, on a connection that is kept, as the pages' are. `CPU` is that of this process, which on SQLite is all of
it, and with --server-pid also that of PostgreSQL: the mean of all calls. Wall times mean little on a busy machine. The
URL of PostgreSQL must be a superuser's: foreign keys are not checked while rows are loaded.
"""

import argparse
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

import numpy as np
import psutil
from sqlalchemy import func, select

from benchmarks.catalog_fill import fill
from benchmarks.catalog_queries import Query, pages, queries
from benchmarks.catalog_shoots import ASSETS, Shoot
from pipeline.catalog.database import Catalog
from pipeline.catalog.publishing import publish
from pipeline.catalog.review.actors import Actor, Role
from pipeline.catalog.review.decisions import decide
from pipeline.catalog.review.withdrawal import BATCH
from pipeline.catalog.run_tables import RunShootRow
from pipeline.catalog.tables import AssetRow, Base, ShootRow

RECORD = Path(__file__).with_name("CATALOG.md")
HEAD = "| query | goal, ms | p50, ms | p95, ms | CPU p50, ms | CPU p95, ms | server's CPU, ms |\n" + "|---" * 7 + "|"


class Timing(NamedTuple):
    """One query. Wall and CPU in ms; `goal_ms`: for the 95th percentile of wall."""

    name: str
    goal_ms: float
    wall_p50: float
    wall_p95: float
    cpu_p50: float
    cpu_p95: float
    server_cpu: float


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

    def timed(self, query: Query) -> Timing:
        """Time a query."""
        wall, cpu = [], []
        query.call()
        query.call()
        before = server_seconds(self.server)
        for _ in range(self.calls):
            began, used = time.perf_counter(), time.process_time()
            query.call()
            wall.append((time.perf_counter() - began) * 1000)
            cpu.append((time.process_time() - used) * 1000)
        served = (server_seconds(self.server) - before) / self.calls * 1000
        shares = [np.percentile(values, share) for values in (wall, cpu) for share in (50, 95)]
        return Timing(query.name, query.goal_ms, *(round(float(share), 1) for share in (*shares, served)))


def publishing(catalog: Catalog, first: int, shoots: int, server: int | None) -> Iterator[str]:
    """Assets per second of wall and of CPU: new shoots, then the same ones again. One shoot is one transaction."""
    publications = [Shoot(first + number).publication() for number in range(shoots)]
    publish(catalog, Shoot(first + shoots).publication(), datetime.now(UTC))
    for name in ("new", "unchanged"):
        began, used, served = time.perf_counter(), time.process_time(), server_seconds(server)
        for publication in publications:
            publish(catalog, publication, datetime.now(UTC))
        seconds, cpu = time.perf_counter() - began, time.process_time() - used
        cpu += server_seconds(server) - served
        rate, of_cpu = round(shoots * ASSETS / seconds), round(shoots * ASSETS / cpu)
        yield f"\nPublishing {name} shoots: {rate} assets per second, {of_cpu} per second of CPU."


def withdrawing(catalog: Catalog, batches: int) -> Query:
    """Withdraw one batch of assets, in as many calls."""
    query = select(AssetRow.id).where(AssetRow.current, AssetRow.state == "published").order_by(AssetRow.id)
    with catalog.read() as session:
        ids = session.scalars(query.limit(batches * BATCH)).all()
    left = (ids[start : start + BATCH] for start in range(0, len(ids), BATCH))
    actor = Actor(name="benchmark", role=Role.ADMIN)
    return Query(
        f"withdrawing {BATCH} assets: the lock is held", 1000,
        lambda: decide(catalog, next(left), "withdrawn", actor, reason="a benchmark"),
    )  # fmt: skip


def count(catalog: Catalog, kind: type[Base]) -> int:
    """The number of rows of a table."""
    with catalog.read() as session:
        return session.scalar(select(func.count()).select_from(kind)) or 0


def filled(catalog: Catalog, assets: int) -> int:
    """Fill the catalog if it is empty. Returns with how many shoots it was filled; later ones were in no run."""
    shoots = count(catalog, RunShootRow)
    if shoots:
        return shoots
    began, used = time.perf_counter(), time.process_time()
    fill(catalog, assets // ASSETS)
    seconds, cpu = time.perf_counter() - began, time.process_time() - used
    print(f"filled with {assets} assets in {seconds:.0f} s, {cpu:.0f} s of this process's CPU", flush=True)
    return assets // ASSETS


def arguments() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("url")
    parser.add_argument("--assets", type=int, default=100_000)
    parser.add_argument("--calls", type=int, default=40)
    parser.add_argument("--publish", type=int, default=25, help="shoots that are published; 0: none")
    parser.add_argument("--withdraw", type=int, default=5, help="batches of assets that are withdrawn; 0: none")
    parser.add_argument("--only", metavar="TEXT", default="", help="only the queries and pages with this in their name")
    parser.add_argument("--server-pid", type=int, help="of PostgreSQL's first process, if it runs here")
    parser.add_argument("--write", metavar="NAME", help="append the figures to CATALOG.md under this name")
    return parser.parse_args()


def main() -> None:
    """Fill, time, print, and append to the record."""
    args = arguments()
    catalog = Catalog(args.url, pooled=True)
    shoots = filled(catalog, args.assets)
    lines = [HEAD]
    with tempfile.TemporaryDirectory() as store:
        for query in (*queries(catalog, shoots), *pages(args.url, Path(store), shoots)):
            if args.only in query.name:
                timing = Clock(args.calls, args.server_pid).timed(query)
                lines.append(f"| {' | '.join(map(str, timing))} |")
                print(lines[-1], flush=True)
    if args.withdraw:
        timing = Clock(args.withdraw, args.server_pid).timed(withdrawing(catalog, args.withdraw + 2))
        lines.append(f"| {' | '.join(map(str, timing))} |")
        print(lines[-1], flush=True)
    if args.publish:
        for line in publishing(catalog, count(catalog, ShootRow), args.publish, args.server_pid):
            lines.append(line)
            print(line, flush=True)
    if args.write:
        made = f"`python -m benchmarks.catalog`, {datetime.now(UTC):%Y-%m-%d}, {shoots * ASSETS} assets"
        RECORD.write_text(RECORD.read_text() + "\n".join((f"\n## {args.write}\n\n{made}.\n", *lines, "")))


if __name__ == "__main__":
    main()
