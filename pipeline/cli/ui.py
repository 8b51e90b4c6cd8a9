"""The command `ui`: the catalog's pages in a browser on this machine."""

import socket
import sys
from contextlib import suppress
from typing import Annotated

import typer

from pipeline.cli.background import BackgroundRedo
from pipeline.core.errors import BadInput
from pipeline.settings import read_settings

ADDRESS = "127.0.0.1"


def add_commands(app: typer.Typer) -> None:
    """Add this file's command to the `catalog` command."""
    app.command()(ui)


def ui(port: Annotated[int, typer.Option(min=0, max=65535, help="0 takes any free port")] = 8480) -> None:
    """Serve the catalog's pages to browsers on this machine until Ctrl-C. The printed link works once."""
    import uvicorn  # with the pages it takes a second to load, which the other commands do not need

    from pipeline.pages.app import build_pages
    from pipeline.pages.local import LocalAccess, add_login

    listening = listen(port)
    address = f"http://{ADDRESS}:{listening.getsockname()[1]}"

    def show(token: str) -> None:
        sys.stdout.write(f"{address}/login?token={token}\n")
        sys.stdout.flush()

    access = LocalAccess(on_used=show)
    settings = read_settings()
    redo = BackgroundRedo(settings)
    pages = build_pages(access, settings, redo)
    add_login(pages, access)
    sys.stderr.write("Open this link in a browser. Once it is used, the next one is printed. Ctrl-C ends.\n")
    show(access.token)
    config = uvicorn.Config(pages, log_level="warning", server_header=False, timeout_graceful_shutdown=2)
    try:
        with suppress(KeyboardInterrupt):  # uvicorn ends its work first and raises it then
            uvicorn.Server(config).run(sockets=[listening])
    finally:
        listening.close()
        redo.stop()


def listen(port: int) -> socket.socket:
    """A socket that listens on this machine only. Raises BadInput when the port is taken."""
    listening = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listening.bind((ADDRESS, port))
    except OSError as error:
        listening.close()
        raise BadInput(
            f"port {port} of this machine cannot be used: {error.strerror}", remedy="Give another one with --port"
        ) from None
    listening.listen()
    return listening
