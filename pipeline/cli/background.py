"""Redoes in the background of `catalog ui`: one process per wish, one at a time, in the order of the wishes."""

import logging
import subprocess
import sys
import threading
from collections import deque
from collections.abc import Sequence
from datetime import UTC, datetime

from fastapi import Request

from pipeline.cli.output import writing
from pipeline.core.errors import EXIT_DONE, EXIT_HELD
from pipeline.settings import Settings

log = logging.getLogger(__name__)


class BackgroundRedo:
    """Runs `catalog brief SKU TEXT --run` for each wish. Its log lies beside the store, in `logs/`."""

    def __init__(self, settings: Settings, command: Sequence[str] = (sys.executable, "-m", "pipeline")) -> None:
        self._command = command
        self._folder = settings.store.absolute().parent / "logs"
        self._waiting: deque[tuple[str, list[str]]] = deque()
        self._changed = threading.Condition()
        self._running: subprocess.Popen[bytes] | None = None
        self._stopped = False
        self._worker = threading.Thread(target=self._work, name="redo", daemon=True)

    async def start(self, request: Request, sku: str, text: str) -> str:  # noqa: ARG002
        """Queue the wish; returns the name of the run under which its steps are recorded.

        Raises BadInput when the folder of the logs cannot be made.
        """
        run_id = f"redo-{datetime.now(UTC):%Y%m%dT%H%M%S%f}"
        with writing(self._folder):
            self._folder.mkdir(parents=True, exist_ok=True)
        # "--" because a wish may begin with a dash, as the entries of a list do
        arguments = ["brief", "--run", "--run-id", run_id, "--", sku, text]
        with self._changed:
            self._waiting.append((run_id, arguments))
            if not self._worker.is_alive():
                self._worker.start()
            self._changed.notify()
        return run_id

    def finish(self) -> None:
        """Wait until every wish has been made."""
        with self._changed:
            self._changed.wait_for(lambda: not self._waiting and self._running is None)

    def stop(self) -> None:
        """End the run in progress; finished steps are kept."""
        with self._changed:
            self._stopped = True
            running = self._running
            self._changed.notify()
        if running is not None:
            running.terminate()
            running.wait()

    def _work(self) -> None:
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._waiting or self._stopped)
                if self._stopped:
                    return
                run_id, arguments = self._waiting.popleft()
                with (self._folder / f"{run_id}.log").open("wb") as file:
                    self._running = running = subprocess.Popen(
                        [*self._command, *arguments], stdout=file, stderr=subprocess.STDOUT
                    )
            code = running.wait()
            if code not in {EXIT_DONE, EXIT_HELD}:
                log.warning("%s failed: see %s", run_id, self._folder / f"{run_id}.log")
            with self._changed:
                self._running = None
                self._changed.notify_all()
