"""Redoes in the background of `catalog ui`: one process per wish, one at a time, in the order of the wishes."""

import logging
import subprocess
import sys
import threading
from collections import deque
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from fastapi import Request

from pipeline.catalog.shoots import record_request_failed
from pipeline.cli.output import writing
from pipeline.core.errors import EXIT_DONE, EXIT_HELD, CatalogError
from pipeline.settings import Settings

TAIL_BYTES = 8000  # of a log, in which its error is looked for
ENDED = "`catalog ui` was ended before it was made. Send it back again"

log = logging.getLogger(__name__)


class Wish(NamedTuple):
    """What a run is to make."""

    run_id: str
    asset: str
    text: str

    @property
    def sku(self) -> str:
        """The product of the asset."""
        return self.asset.partition("/")[0]

    @property
    def arguments(self) -> list[str]:
        """Of `catalog`. "--" because a wish may begin with a dash, as the entries of a list do."""
        return ["brief", "--run", "--run-id", self.run_id, "--asset", self.asset, "--", self.sku, self.text]


class BackgroundRedo:
    """Runs `catalog brief SKU TEXT --asset ASSET --run` for each wish. Its log lies beside the store, in `logs/`.

    A wish that cannot be made is recorded as a run that failed, with its reason, so that the pages show it.
    """

    def __init__(self, settings: Settings, command: Sequence[str] = (sys.executable, "-m", "pipeline")) -> None:
        self._command = command
        self._url = settings.catalog_url
        self._folder = settings.beside / "logs"
        self._waiting: deque[Wish] = deque()
        self._changed = threading.Condition()
        self._running: subprocess.Popen[bytes] | None = None
        self._busy = False
        self._stopped = False
        self._worker = threading.Thread(target=self._work, name="redo", daemon=True)

    async def start(self, request: Request, run_id: str, asset: str, text: str) -> None:  # noqa: ARG002
        """Queue the wish. `run_id`: under which its steps are recorded.

        Raises BadInput when the folder of the logs cannot be made.
        """
        wish = Wish(run_id, asset, text)
        with writing(self._folder):
            self._folder.mkdir(parents=True, exist_ok=True)
        with self._changed:
            self._waiting.append(wish)
            if not self._worker.is_alive():
                self._worker.start()
            self._changed.notify()

    def finish(self) -> None:
        """Wait until every wish has been made."""
        with self._changed:
            self._changed.wait_for(lambda: not self._waiting and not self._busy)

    def stop(self) -> None:
        """End the run in progress; finished steps are kept. What is not made is recorded as failed."""
        with self._changed:
            self._stopped = True
            if self._running is not None:
                self._running.terminate()
            self._changed.notify_all()
        if self._worker.is_alive():
            self._worker.join()

    def _work(self) -> None:
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._waiting or self._stopped)
                if self._stopped:
                    break
                wish, self._busy = self._waiting.popleft(), True
            try:
                self._make(wish)
            finally:
                with self._changed:
                    self._busy = False
                    self._changed.notify_all()
        for wish in self._waiting:
            self._record_failed(wish, ENDED)

    def _make(self, wish: Wish) -> None:
        path = self._folder / f"{wish.run_id}.log"
        try:
            with path.open("wb") as file, self._changed:
                if not self._stopped:
                    command = [*self._command, *wish.arguments]
                    self._running = subprocess.Popen(command, stdout=file, stderr=subprocess.STDOUT)
        except OSError as error:
            self._record_failed(wish, f"it cannot be started: {error}")
            return
        code = self._running.wait() if self._running is not None else None
        with self._changed:
            self._running = None
        if self._stopped and code not in {EXIT_DONE, EXIT_HELD}:
            self._record_failed(wish, ENDED)
        elif code not in {EXIT_DONE, EXIT_HELD}:
            log.warning("%s failed: see %s", wish.run_id, path)
            self._record_failed(wish, f"{reason_in(path) or f'it ended with exit code {code}'} (log: {path})")

    def _record_failed(self, wish: Wish, reason: str) -> None:
        """Record it. An error here is logged: it must not end the thread that makes the next wish."""
        try:
            record_request_failed(self._url, wish.run_id, wish.sku, reason)
        except CatalogError as error:
            log.warning("%s failed, and that cannot be recorded: %s", wish.run_id, error)


def reason_in(path: Path) -> str:
    """The last line of a log, which is the command's error, without its prefix; empty where nothing was written."""
    with path.open("rb") as file:
        file.seek(max(0, path.stat().st_size - TAIL_BYTES))
        lines = file.read().decode(errors="replace").split("\n")
    last = next((line.strip() for line in reversed(lines) if line.strip()), "")
    return last.removeprefix("error: ")
