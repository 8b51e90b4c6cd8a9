"""Simulates a night of product shoots on a cluster: how long it takes, what idles, what it costs, and what limits it.

    python -m benchmarks.night [--shoots 1000 10000] [--gpus 1 2 4 ...] [--cpu-nodes 8] [--set NAME=VALUE ...]...
                               [--record NAME | --catalog URL] [--json] [--picture FILE.jpg] [--figures]

The graph, priorities, retries, requests of pods and limits are the project's own (`night_rules`); seconds of steps are
those recorded in night_steps.yaml or in a catalog database. Every number is a figure with its source, listed by
--figures and changed by --set; those that nobody has measured are marked *assumed*. Every further --set repeats the
nights with its figures instead. A seed always gives the same night.
"""

import argparse
import json
import sys
from collections.abc import Iterator, Sequence
from itertools import groupby, product
from pathlib import Path
from typing import NamedTuple

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from benchmarks.night_figures import Figure, Night
from benchmarks.night_plot import plot
from benchmarks.night_result import Outcome, hours, simulate, stops_scaling
from benchmarks.night_steps import Record, read_catalog, read_file
from pipeline.core.errors import BadInput, CatalogError
from pipeline.plan import STEPS

FILE = Path(__file__).with_name("NIGHT.md")
HEAD = (
    "| shoots | GPUs | nodes without | night, h:mm | shoots per hour | GPUs idle | cores idle | USD per image "
    "| done, held, failed | tries lost | hours redone | limit |"
)


class Simulated(NamedTuple):
    """A night, and the figures that were set for it."""

    given: dict[str, object]
    outcome: Outcome


def main() -> None:
    """Simulate the nights that the arguments ask for, and print them."""
    options = _options()
    try:
        record = read_catalog(options.catalog) if options.catalog else read_file(options.record)
        variants = [_given(texts, record) for texts in options.set or [[]]]
        nights = [night for given in variants for night in _simulated(options, record, given)]
        figures = list(Night.here(**variants[0]).figures(frozenset(variants[0])))
    except CatalogError as error:
        sys.exit(f"error: {error}")
    if options.json:
        told = [{"given": given, **outcome.model_dump(exclude={"trace"})} for given, outcome in nights]
        print(json.dumps({"record": record.source, "figures": [each._asdict() for each in figures], "nights": told}))
    else:
        report = "\n".join(_report(options, nights, record, figures))
        print(report)
        if options.write:
            _write(options.write, report)
    if options.picture:
        outcomes = [night.outcome for night in nights]
        plot(outcomes, [night for night in outcomes if night.gpus in options.strips]).save(options.picture, quality=88)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--shoots", type=int, nargs="+", default=[1000])
    parser.add_argument("--gpus", type=int, nargs="+", default=[1, 2, 4, 8, 16, 32, 64])
    parser.add_argument("--cpu-nodes", type=int, nargs="+", default=[8], help="each with every number of GPUs")
    parser.add_argument("--record", default="demo", help="recorded shoots of night_steps.yaml")
    parser.add_argument("--catalog", help="catalog database with recorded shoots, as in CATALOG_DATABASE_URL")
    parser.add_argument("--set", nargs="*", action="append", metavar="NAME=VALUE", help="figures")
    parser.add_argument("--waits", action="store_true", help="what the last night's steps waited for")
    parser.add_argument("--figures", action="store_true", help="list all figures with their sources")
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--write", metavar="NAME", help="write what is printed into NIGHT.md, between NAME's marks")
    parser.add_argument("--picture", type=Path)
    parser.add_argument(
        "--strips", type=int, nargs="*", default=[], help="show what is busy with these numbers of GPUs"
    )
    return parser.parse_args()


def _given(texts: Sequence[str], record: Record) -> dict[str, object]:
    """The figures that a `--set` sets, and those that the record knows. Raises BadInput for one that there is not."""
    given: dict[str, object] = {} if record.held is None else {"held": record.held}
    for text in texts:
        name, equals, value = text.partition("=")
        if not equals or name not in Night.model_fields:
            known = ", ".join(Night.model_fields)
            raise BadInput(
                f"--set {text}: there is no figure {name!r}", remedy=f"Write NAME=VALUE, with one of {known}"
            )
        given[name] = value
    return given


def _simulated(options: argparse.Namespace, record: Record, given: dict[str, object]) -> Iterator[Simulated]:
    """Simulate every night, with a bar on stderr."""
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=Console(stderr=True), disable=not sys.stderr.isatty()) as bars:
        for shoots, nodes, gpus in product(options.shoots, options.cpu_nodes, options.gpus):
            night = Night.here(**{"shoots": shoots, "gpus": gpus, "cpu_nodes": nodes, **given})
            bar = bars.add_task(f"{shoots} shoots, {gpus} GPUs, {nodes} nodes", total=night.shoots)
            yield Simulated(given, simulate(night, record, lambda ended, bar=bar: bars.update(bar, completed=ended)))


def _report(
    options: argparse.Namespace, nights: Sequence[Simulated], record: Record, figures: Sequence[Figure]
) -> Iterator[str]:
    """Tables and words for a person."""
    yield from table(nights)
    for _, of_size in groupby(nights, key=lambda night: (_set(night), night.outcome.shoots, night.outcome.cpu_nodes)):
        outcomes = [night.outcome for night in of_size if night.outcome.gpus]
        if len(outcomes) > 1:
            yield f"\n{stops_scaling(outcomes)}"
    if options.waits:
        yield ""
        yield from waits_table(nights[-1].outcome)
    if options.figures:
        yield f"\nSeconds of steps: {record.source}\n\n| figure | value | source | meaning |\n" + "|---" * 4 + "|"
        for figure in figures:
            yield "| " + " | ".join(figure) + " |"


def _set(night: Simulated) -> str:
    return ", ".join(f"{name}={value}" for name, value in night.given.items())


def _write(name: str, report: str) -> None:
    """Replace a part of NIGHT.md."""
    text, begin, end = FILE.read_text(), f"<!-- {name} -->", f"<!-- end of {name} -->"
    before, _, rest = text.partition(begin)
    _, found, after = rest.partition(end)
    if not found:
        raise BadInput(f"{FILE.name} has no {begin} with its end", remedy="Add both marks")
    FILE.write_text(f"{before}{begin}\n\n{report}\n\n{end}{after}")


def table(nights: Sequence[Simulated]) -> Iterator[str]:
    """A row per night."""
    differ = len({_set(night) for night in nights}) > 1
    if not differ and nights[0].given:
        yield f"Set: {_set(nights[0])}.\n"
    yield ("| set " if differ else "") + HEAD
    yield "|---" * (HEAD.count("|") - 1 + differ) + "|"
    for simulated in nights:
        night = simulated.outcome
        lost = sum(count for kind, count in night.tries.items() if kind not in {"done", "held"})
        cells = (
            *([_set(simulated) or "nothing"] if differ else []),
            f"{night.shoots:,}",
            night.gpus,
            night.cpu_nodes,
            hours(night.makespan_seconds),
            f"{night.shoots_per_hour:.0f}",
            f"{night.gpu_idle:.0%}",
            f"{night.cpu_idle:.0%}",
            "none" if night.usd_per_image is None else f"{night.usd_per_image:.3f}",
            ", ".join(str(night.fates.get(fate, 0)) for fate in ("done", "held", "failed")),
            f"{lost:,}",
            f"{sum(night.lost_seconds.values()) / 3600:.1f}",
            night.limit,
        )
        yield "| " + " | ".join(map(str, cells)) + " |"


def waits_table(night: Outcome) -> Iterator[str]:
    """What the steps of a night waited for, in seconds per shoot."""
    yield "| seconds per shoot | " + " | ".join(STEPS) + " |"
    yield "|---" * (len(STEPS) + 1) + "|"
    for cause, by_step in night.waits.items():
        yield f"| wait for {cause} | " + " | ".join(f"{by_step[step]:.0f}" for step in STEPS) + " |"


if __name__ == "__main__":
    main()
