"""What `benchmarks.catalog` times: the queries behind the pages, and the pages as the server answers them."""

import random
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

from fastapi import Request
from fastapi.testclient import TestClient

from benchmarks.catalog_fill import PER_NIGHT, night
from benchmarks.catalog_shoots import COMMON, PHOTOS, RARE, digest
from pipeline.catalog.board.board import BoardFilter, count_states, read_board
from pipeline.catalog.board.product import read_product
from pipeline.catalog.database import Catalog
from pipeline.catalog.lineage import read_lineage
from pipeline.catalog.review.actors import Role
from pipeline.catalog.review.queue import review_queue
from pipeline.catalog.runs.costs import list_run_shoots, list_runs, read_run
from pipeline.catalog.trace.behind import impact_of_checkpoint, impact_of_setting
from pipeline.catalog.trace.impact import impact_of_photo
from pipeline.pages.access import User
from pipeline.pages.app import build_pages
from pipeline.settings import Settings

SETTING = "composite.mode=layer"


class Query(NamedTuple):
    """`goal_ms`: for the 95th percentile of wall time. `call`: asks for something else every time."""

    name: str
    goal_ms: float
    call: Callable[[], object]


class Drawn:
    """Draws what a query is about. `shoots`: how many the catalog has."""

    def __init__(self, shoots: int) -> None:
        self.shoots, self.rng = shoots, random.Random(1)

    def number(self) -> int:
        """A shoot."""
        return self.rng.randrange(self.shoots)

    def sku(self) -> str:
        """A product."""
        return f"SKU-{self.number():07}"

    def asset(self) -> str:
        """An asset."""
        return f"{self.sku()}/left/oak/shop"

    def photo(self) -> str:
        """The digest of a photo."""
        return digest(self.sku(), f"DSC_{self.rng.randrange(PHOTOS):04}")

    def run(self) -> str:
        """A run in which all of its shoots ran."""
        return night(self.rng.randrange(max(1, self.shoots // PER_NIGHT)) * PER_NIGHT)

    def collection(self) -> str:
        """A collection."""
        return f"collection-{self.number() // 200}"


def queries(catalog: Catalog, shoots: int) -> Iterator[Query]:
    """Every query for which there is a goal."""
    drawn = Drawn(shoots)
    yield Query("lineage of an asset", 20, lambda: read_lineage(catalog, drawn.asset()))
    yield Query("impact of a photo", 50, lambda: impact_of_photo(catalog, drawn.photo()))
    first, later = "impact of the common checkpoint, first page", "impact of the common checkpoint, a later page"
    yield Query(first, 500, lambda: impact_of_checkpoint(catalog, COMMON))
    yield Query(later, 500, lambda: impact_of_checkpoint(catalog, COMMON, cursor=f"{drawn.asset()}@1"))
    yield Query("impact of a rare checkpoint, first page", 500, lambda: impact_of_checkpoint(catalog, RARE))
    yield Query("impact of a setting, first page", 500, lambda: impact_of_setting(catalog, SETTING))
    for name, wanted in boards(drawn).items():
        yield Query(name, 100, lambda wanted=wanted: board(catalog, wanted))  # type: ignore[misc]
    yield Query("product", 300, lambda: read_product(catalog, drawn.sku()))
    yield Query("review queue", 300, lambda: review_queue(catalog, cursor=drawn.sku()))
    yield Query("runs", 300, lambda: list_runs(catalog))
    yield Query("a run by step", 300, lambda: read_run(catalog, drawn.run()))
    yield Query("shoots of a run", 300, lambda: list_run_shoots(catalog, drawn.run()))


def boards(drawn: Drawn) -> dict[str, Callable[[], dict[str, Any]]]:
    """Filters of the board."""
    return {
        "board and counts": dict,
        "board and counts, a later page": lambda: {"cursor": drawn.sku()},
        "board and counts, newest": lambda: {"sort": "newest"},
        "board and counts, one collection": lambda: {"collection": drawn.collection()},
        "board and counts, in review": lambda: {"state": "in review", "channel": "feed"},
        "board and counts, of a run": lambda: {"run_id": drawn.run()},
        "search, board and counts": lambda: {"text": f"mug {drawn.number()}"},
    }


def board(catalog: Catalog, wanted: Callable[[], dict[str, Any]]) -> object:
    """A page of the board and its counts."""
    chosen = BoardFilter(**wanted())
    return read_board(catalog, chosen), count_states(catalog, chosen)


class Anybody:
    """Access for a benchmark: every request is an admin's."""

    secret = b"benchmark"
    origins: frozenset[str] = frozenset()
    hosts: tuple[str, ...] | None = None

    async def user(self, request: Request) -> User:  # noqa: ARG002
        """The admin."""
        return User("admin", Role.ADMIN, "session")


def pages(url: str, store: Path, shoots: int) -> Iterator[Query]:
    """Every kind of page, without the pictures in it."""
    drawn = Drawn(shoots)
    client = TestClient(build_pages(Anybody(), Settings(store=store, database_url=url)), "http://127.0.0.1")

    def get(path: Callable[[], str]) -> Callable[[], object]:
        def call() -> object:
            response = client.get(path())
            response.raise_for_status()
            return response

        return call

    paths: dict[str, Callable[[], str]] = {
        "board": lambda: f"/board?cursor={drawn.sku()}",
        "board, in review": lambda: "/board?state=in+review",
        "board, newest": lambda: "/board?sort=newest",
        "product": lambda: f"/products/{drawn.sku()}",
        "asset": lambda: f"/assets/{drawn.asset()}",
        "versions": lambda: f"/versions/{drawn.asset()}",
        "impact of a photo": lambda: f"/impact?kind=photo&of={drawn.photo()}",
        "impact of a checkpoint": lambda: f"/impact?kind=checkpoint&of={COMMON}&cursor={drawn.asset()}@1",
        "review": lambda: "/review",
        "log": lambda: "/log",
        "runs": lambda: "/runs",
        "run": lambda: f"/runs/{drawn.run()}",
    }
    for name, path in paths.items():
        yield Query(f"page: {name}", 300, get(path))
