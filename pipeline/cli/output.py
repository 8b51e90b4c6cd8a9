"""What the commands share: JSON on stdout, a progress bar on stderr, params from options."""

import json
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any, TypeVar

import typer
from pydantic import ValidationError
from rich.console import Console
from rich.progress import Progress

from pipeline.core.domain import Frozen
from pipeline.core.errors import BadInput

Json = Annotated[bool, typer.Option("--json", help="one JSON object on stdout, for scripts")]
P = TypeVar("P", bound=Frozen)


def print_json(value: Any) -> None:
    """One JSON object on stdout."""
    sys.stdout.write(json.dumps(value, ensure_ascii=False) + "\n")


def checked(kind: type[P], values: dict[str, Any]) -> P:
    """Params from options; None means the default. Raises BadInput that names the option."""
    try:
        return kind.model_validate({name: value for name, value in values.items() if value is not None})
    except ValidationError as error:
        first = error.errors()[0]
        words = str(first["msg"]).removeprefix("Value error, ")
        if not first["loc"]:  # a rule between several options
            raise BadInput(words, remedy="see --help") from None
        option = "--" + "-".join(map(str, first["loc"])).replace("_", "-")
        raise BadInput(f"{option}: {words} (got {first['input']!r})", remedy="see --help") from None


@contextmanager
def bar(title: str) -> Iterator[Callable[[int, int, str], None]]:
    """A progress bar on stderr, where that is a terminal; call what it gives with (done, total, text)."""
    console = Console(stderr=True)
    with Progress(console=console, transient=True, disable=not console.is_terminal) as bars:
        task = bars.add_task(title, total=None)

        def tell(done: int, total: int, text: str = "") -> None:
            bars.update(task, completed=done, total=total, description=f"{title} {text}")

        yield tell


@contextmanager
def writing(out: Path) -> Iterator[None]:
    """Tell of an `--out` that cannot be written (no such place, no permission, a full disk) as BadInput."""
    try:
        yield
    except OSError as error:
        what = f"{error.filename or out} cannot be written: {error.strerror or error}"
        raise BadInput(what, remedy="name a place with --out where this user may write") from error
