"""The `catalog` command: each command parses its words and calls one function.

`--json` prints one JSON object on stdout; everything for people goes to stderr then. Exit codes: 0 done, 20 held,
30 bad input, 2 a command line that cannot be read, 1 anything else.
"""

import sys

import typer

from pipeline.cli import catalog, engines, init, runs, splats
from pipeline.core.errors import CatalogError, Held

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    help="From shoot to catalog.\n\n"
    "Exit codes: 0 done, 20 held, 30 bad input, 2 a command line that cannot be read, 1 anything else.",
)
for commands in (init, runs, catalog, engines, splats):
    commands.add_commands(app)


def main() -> None:
    """Run the command line; a CatalogError is one line on stderr and its exit code, never a traceback."""
    try:
        app()
    except CatalogError as error:
        sys.stderr.write(f"{'held' if isinstance(error, Held) else 'error'}: {error}\n")
        raise SystemExit(error.exit_code) from None
