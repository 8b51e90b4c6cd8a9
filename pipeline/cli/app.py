"""The `catalog` command: each command parses its arguments and calls one function.

With `--json`, stdout has one JSON object, and everything for people goes to stderr. Exit codes: 0 done, 20 held,
30 bad input, 143 stopped by SIGTERM, 2 an invalid command line, 1 any other error.
"""

import sys

import typer

from pipeline.cli import (
    backfill,
    brief,
    caption,
    catalog,
    engines,
    fetch,
    impact,
    init,
    notice,
    review,
    runs,
    similar,
    splats,
    ui,
)
from pipeline.core.errors import CatalogError, Held
from pipeline.core.stopping import MESSAGE, Stopped, stop_on_sigterm

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    help="Turn product shoots into catalog pictures and texts.\n\n"
    "Exit codes: 0 done, 20 held, 30 bad input, 143 stopped, 2 an invalid command line, 1 any other error.",
)
GROUPS = (init, runs, brief, backfill, catalog, notice, fetch, impact, review, similar, caption, engines, splats, ui)
for commands in GROUPS:
    commands.add_commands(app)


def main() -> None:
    """Run the command line. A CatalogError becomes one line on stderr and its exit code, without a traceback."""
    stop_on_sigterm()
    try:
        app()
    except Stopped:
        sys.stderr.write(MESSAGE)
        raise
    except CatalogError as error:
        sys.stderr.write(f"{'held' if isinstance(error, Held) else 'error'}: {error}\n")
        raise SystemExit(error.exit_code) from None
