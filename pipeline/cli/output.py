"""Helpers of all commands: JSON on stdout, a progress bar on stderr, params from options."""

import json
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any, TypeVar

import typer
from pydantic import ValidationError
from rich.console import Console
from rich.markup import escape
from rich.progress import Progress
from rich.table import Table

from pipeline.core.domain import Frozen
from pipeline.core.engines import Registry, purpose_of
from pipeline.core.errors import BadInput
from pipeline.core.yaml_file.nodes import compose, value_of

EngineSettings = Annotated[
    list[str] | None,
    typer.Option("--set", metavar="NAME=VALUE", help="another setting of the engine, as in a preset; can be repeated"),
]
Json = Annotated[bool, typer.Option("--json", help="print one JSON object on stdout, for scripts")]
P = TypeVar("P", bound=Frozen)


def print_json(value: Any) -> None:
    """Print one JSON object on stdout."""
    sys.stdout.write(json.dumps(value, ensure_ascii=False) + "\n")


def print_next(cursor: str | None) -> None:
    """Say how to get the next page, if there is one."""
    if cursor:
        Console().print(f"more: --after {cursor}", soft_wrap=True, markup=False, highlight=False)


def asset_table(*titles: str, show_lines: bool = False) -> Table:
    """A table of assets that fits a terminal of 80 columns: the first column holds what `asset_cell` makes."""
    table = Table(show_lines=show_lines)
    table.add_column(titles[0], overflow="fold", ratio=1)
    for title in titles[1:]:
        table.add_column(title, no_wrap=True)
    return table


def asset_cell(asset_id: str, *said: str) -> str:
    """An asset's identity, and below it what is said of it; parts without text are left out."""
    lines = "; ".join(filter(None, said))
    return f"{escape(asset_id)}\n[dim]{escape(lines)}[/]" if lines else escape(asset_id)


def checked(kind: type[P], values: dict[str, Any]) -> P:
    """Validate params from options, where None means the default. Raises BadInput that names the option."""
    try:
        return kind.model_validate({name: value for name, value in values.items() if value is not None})
    except ValidationError as error:
        first = error.errors()[0]
        message = str(first["msg"]).removeprefix("Value error, ")
        if not first["loc"]:  # a rule between several options
            raise BadInput(message, remedy="See --help") from None
        option = "--" + "-".join(map(str, first["loc"])).replace("_", "-")
        raise BadInput(f"{option}: {message} (got {first['input']!r})", remedy="See --help") from None


def engine_params(registry: Registry[Any], engine: str, values: dict[str, Any], settings: list[str]) -> Frozen:
    """Parse the params of the engine that a command names.

    `values`: from the command's own options, where None means the default. `settings`: `NAME=VALUE` from `--set`, the
    value as YAML. Raises BadInput when a setting is unknown or invalid.
    """
    given = {name: value for name, value in values.items() if value is not None}
    try:
        return registry.parse({"engine": engine, **given, **named_values(settings)})
    except ValueError as error:
        raise BadInput(f"--engine {engine}: {error}", remedy="See --help") from None


def named_values(settings: list[str]) -> dict[str, Any]:
    """Parse `NAME=VALUE` from `--set`, the value as YAML. Raises BadInput when one has no value."""
    given: dict[str, Any] = {}
    for setting in settings:
        name, equals, text = setting.partition("=")
        if not equals:
            raise BadInput(f"--set {setting} has no value", remedy="Write --set NAME=VALUE")
        given[name] = value_of(compose(text.encode(), Path(f"--set {name}")))
    return given


def engines_help(registry: Registry[Any]) -> str:
    """Return one sentence per engine, for a command's help."""
    return " ".join(f"{name}: {purpose_of(engine)}" for name, engine in registry.engines.items())


@contextmanager
def bar(title: str) -> Iterator[Callable[[int, int, str], None]]:
    """Show a progress bar on stderr if that is a terminal; yields a function of (done, total, text)."""
    console = Console(stderr=True)
    with Progress(console=console, transient=True, disable=not console.is_terminal) as bars:
        task = bars.add_task(title, total=None)

        def update(done: int, total: int, text: str = "") -> None:
            bars.update(task, completed=done, total=total, description=f"{title} {text}")

        yield update


@contextmanager
def writing(out: Path) -> Iterator[None]:
    """Turn an OSError on writing `--out` (no such folder, no permission, a full disk) into BadInput."""
    try:
        yield
    except OSError as error:
        what = f"{error.filename or out} cannot be written: {error.strerror or error}"
        raise BadInput(what, remedy="Give --out a path where this user may write") from error
