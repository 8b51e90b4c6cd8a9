"""Run the `catalog` command as a child process of an Airflow task, and map its exit code to the task's state."""

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

from pipeline.core.errors import EXIT_BAD_INPUT, EXIT_DONE, EXIT_HELD, NOT_PLANNED

GRACE_SECONDS = 10.0  # between SIGTERM and SIGKILL for a step that Airflow stops


@dataclass(frozen=True)
class CommandResult:
    """A finished command's exit code, standard output, and last non-empty line of standard error (`reason`)."""

    exit_code: int
    output: str
    reason: str


class Command:
    """One run of `python -m pipeline ARGUMENTS`.

    The child stays in the task's process group, which Airflow signals as a whole, so that no process outlives a task
    that Airflow kills.
    """

    def __init__(self, arguments: Sequence[str], environment: dict[str, str]) -> None:
        """Set up the run, which `run` starts. `environment` is the child's whole environment."""
        self.arguments = [sys.executable, "-m", "pipeline", *arguments]
        self.environment = environment | {"PYTHONUNBUFFERED": "1"}
        self.killed = False
        self.process: subprocess.Popen[str] | None = None

    def run(self, log: logging.Logger, log_output: bool = True) -> CommandResult:
        """Run the command and log every line as it comes; standard output is logged only with `log_output`."""
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
        output: list[str] = []
        errors: list[str] = []
        reader = threading.Thread(target=_collect, args=(self.process.stderr, errors, log.info))
        reader.start()
        _collect(self.process.stdout, output, log.info if log_output else None)
        reader.join()
        code = self.process.wait()
        if self.killed:
            code = code or -signal.SIGTERM  # `kill` may have reaped the child, which then reads as 0
        reason = next((line for line in reversed(errors) if line.strip()), "")
        return CommandResult(code, "\n".join(output), reason.strip())

    def kill(self) -> None:
        """Stop the child and its descendants, by SIGTERM, then SIGKILL. Airflow calls this in a signal handler."""
        self.killed = True
        if self.process is None:
            return
        try:
            child = psutil.Process(self.process.pid)
            # the step first, or it would report that its children died
            family = [child, *child.children(recursive=True)]
        except psutil.NoSuchProcess:
            return
        for send_signal, seconds in ((psutil.Process.terminate, GRACE_SECONDS), (psutil.Process.kill, GRACE_SECONDS)):
            for process in family:
                try:
                    send_signal(process)
                except psutil.NoSuchProcess:
                    continue
            _, family = psutil.wait_procs(family, timeout=seconds)


def _collect(stream: IO[str] | None, lines: list[str], write: Callable[[str, str], None] | None) -> None:
    if stream is None:
        return
    with stream:
        for line in stream:
            lines.append(line.rstrip("\n"))
            if write is not None and line.strip():
                write("%s", line.rstrip())


def raise_unless_done(task: str, exit_code: int, reason: str) -> None:
    """Raise Airflow's exception for an exit code: held (skipped), bad input (not retried), any other (retried)."""
    if exit_code == EXIT_DONE:
        return
    if exit_code == EXIT_HELD:
        own = reason.removeprefix("held: ") or "no reason given"
        raise AirflowSkipException(own if own.startswith(("held by ", NOT_PLANNED)) else f"held: {own}")
    if exit_code == EXIT_BAD_INPUT:
        raise AirflowFailException(f"{task} has bad input: {reason or 'no reason given'}")
    how = f"was killed by signal {-exit_code}" if exit_code < 0 else f"failed with exit code {exit_code}"
    if exit_code == -signal.SIGKILL:
        how += " (usually by the system, because memory ran out)"
    raise AirflowException(f"{task} {how}{': ' + reason if reason else ''}")
