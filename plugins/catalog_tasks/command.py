"""Runs the `catalog` command as a child of an Airflow task: its output is the task's log, its exit code its fate."""

import logging
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import IO

import psutil
from airflow.sdk.exceptions import AirflowException, AirflowFailException, AirflowSkipException

from pipeline.core.errors import EXIT_BAD_INPUT, EXIT_DONE, EXIT_HELD

GRACE_SECONDS = 10.0  # between asking a killed step to stop and stopping it


@dataclass(frozen=True)
class Answer:
    """What a finished command left: its exit code, its standard output, and the last line of its standard error."""

    exit_code: int
    output: str
    reason: str


class Command:
    """One run of `python -m pipeline ARGUMENTS`.

    The child stays in the process group of the task, which Airflow signals as a whole: nothing outlives a task that
    Airflow had to kill the hard way.
    """

    def __init__(self, arguments: Sequence[str], environment: dict[str, str]) -> None:
        """Describe the run; `run` starts it. `environment` is the child's whole environment."""
        self.arguments = [sys.executable, "-m", "pipeline", *arguments]
        self.environment = environment | {"PYTHONUNBUFFERED": "1"}
        self.killed = False
        self.process: subprocess.Popen[str] | None = None

    def run(self, log: logging.Logger, log_output: bool = True) -> Answer:
        """Run to the end, every line into `log` as it comes; standard output only with `log_output`. Both are kept."""
        log.info("$ %s", " ".join(self.arguments))
        self.process = subprocess.Popen(
            self.arguments,
            env=self.environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            encoding="utf-8",
            errors="replace",
        )
        said: list[str] = []
        complained: list[str] = []
        listener = threading.Thread(target=_collect, args=(self.process.stderr, complained, log.info))
        listener.start()
        _collect(self.process.stdout, said, log.info if log_output else None)
        listener.join()
        code = self.process.wait()
        if self.killed:
            code = code or -signal.SIGTERM  # `kill` may have collected the exit code; a 0 in its place says nothing
        reason = next((line for line in reversed(complained) if line.strip()), "")
        return Answer(code, "\n".join(said), reason.strip())

    def kill(self) -> None:
        """Stop the child and all that it started, kindly and then not. Airflow calls it in a signal handler."""
        self.killed = True
        if self.process is None:
            return
        try:
            child = psutil.Process(self.process.pid)
            family = [child, *child.children(recursive=True)]  # the step first: it must not see its helpers die
        except psutil.NoSuchProcess:
            return
        for signal_all, seconds in ((psutil.Process.terminate, GRACE_SECONDS), (psutil.Process.kill, GRACE_SECONDS)):
            for member in family:
                try:
                    signal_all(member)
                except psutil.NoSuchProcess:
                    continue
            _, family = psutil.wait_procs(family, timeout=seconds)


def _collect(stream: IO[str] | None, lines: list[str], tell: Callable[[str, str], None] | None) -> None:
    if stream is None:
        return
    with stream:
        for line in stream:
            lines.append(line.rstrip("\n"))
            if tell is not None and line.strip():
                tell("%s", line.rstrip())


def raise_unless_done(what: str, exit_code: int, reason: str) -> None:
    """Say an exit code in Airflow's words: done, held (skipped), bad input (never retried), anything else (retried)."""
    if exit_code == EXIT_DONE:
        return
    if exit_code == EXIT_HELD:
        raise AirflowSkipException(f"held: {reason.removeprefix('held: ') or 'no reason was given'}")
    if exit_code == EXIT_BAD_INPUT:
        raise AirflowFailException(f"{what} was refused: {reason or 'no reason was given'}")
    how = f"was killed by signal {-exit_code}" if exit_code < 0 else f"failed with exit code {exit_code}"
    if exit_code == -signal.SIGKILL:
        how += " (most often the system, because memory ran out)"
    raise AirflowException(f"{what} {how}{': ' + reason if reason else ''}")
