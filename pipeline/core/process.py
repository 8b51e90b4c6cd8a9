"""This process and its children: peak memory, how freed memory is kept, and programs run with a time limit.

Megabytes are 10^6 bytes, everywhere in the pipeline.
"""

import ctypes
import functools
import os
import re
import resource
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

_TRIM_THRESHOLD, _MMAP_THRESHOLD = -1, -3  # names of mallopt's settings, malloc.h
_POLL_SECONDS = 0.1
_ANSI = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")


def peak_memory_mb() -> float:
    """Return the largest resident size of this process so far, in MB."""
    return _largest_mb(resource.RUSAGE_SELF)


def peak_memory_of_children_mb() -> float:
    """Return the largest resident size that any ended child of this process had, in MB."""
    return _largest_mb(resource.RUSAGE_CHILDREN)


def _largest_mb(who: int) -> float:
    size = resource.getrusage(who).ru_maxrss
    return size / 1e6 if sys.platform == "darwin" else size * 1024 / 1e6


@functools.cache
def keep_freed_memory() -> None:
    """Make glibc keep freed memory for this process, once; other C libraries are left as they are.

    By default glibc returns arrays of megabytes to the system at once, and every iteration of a fit gets them anew,
    page by page and cleared, which takes a tenth of its time.
    """
    if sys.platform == "linux" and hasattr(ctypes.CDLL(None), "mallopt"):
        ctypes.CDLL(None).mallopt(_TRIM_THRESHOLD, 1 << 30)
        ctypes.CDLL(None).mallopt(_MMAP_THRESHOLD, 1 << 25)


def run_program(
    command: Sequence[str],
    log: Path,
    seconds: float,
    *,
    env: Mapping[str, str] | None = None,
    on_poll: Callable[[], None] = lambda: None,
) -> int:
    """Run `command` with its output in `log`, and return its exit code; negative: the signal that ended it.

    `env` None: this process's own environment. `on_poll` is called several times per second. The command has a process
    group of its own, which is killed afterwards, whatever happens. Raises TimeoutError when it runs for longer than
    `seconds`.
    """
    deadline = time.monotonic() + seconds
    with log.open("wb") as out:
        process = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=out, stderr=subprocess.STDOUT, start_new_session=True, env=env
        )
    try:
        while not _ended(process):
            on_poll()
            if time.monotonic() > deadline:
                raise TimeoutError(f"{command[0]} took longer than {seconds:g} s")
            time.sleep(_POLL_SECONDS)
        on_poll()
    finally:
        os.killpg(process.pid, signal.SIGKILL)  # not reaped yet, so that no other process can have its number
        code = process.wait()
    return code


def _ended(process: subprocess.Popen[bytes]) -> bool:
    """Return whether the process has ended, and leave it to be waited for."""
    return os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None


def log_end(log: Path, size_bytes: int = 4096) -> str:
    """Return the end of a program's log, without the codes that colour it."""
    with log.open("rb") as file:
        file.seek(max(0, log.stat().st_size - size_bytes))
        return _ANSI.sub("", file.read().decode(errors="replace"))


def last_lines(log: Path) -> str:
    """Return the last three lines of a program's log that have text, joined by " / "; empty for an empty log."""
    lines = [line.strip(" \t\r│╭╮╰╯─") for line in re.split(r"[\r\n]+", log_end(log))]
    return " / ".join([line for line in lines if line][-3:])[-500:]
