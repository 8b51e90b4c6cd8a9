"""Peak memory of this process and its children, allocator and collector settings, and programs with a time limit.

A megabyte is 10^6 bytes everywhere in the pipeline.
"""

import ctypes
import functools
import gc
import os
import re
import resource
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from pipeline.core.stopping import forget_group, note_group, raise_if_asked

_TRIM_THRESHOLD, _MMAP_THRESHOLD = -1, -3  # mallopt parameters, malloc.h
_POLL_SECONDS = 0.1
_HIGH_WATER = re.compile(r"^VmHWM:\s*(\d+) kB", re.MULTILINE)
_ANSI = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")


def peak_memory_mb() -> float:
    """Return the largest resident size of this process so far, in MB.

    On Linux from /proc: getrusage counts what the parent held when it started this program, which can be far more.
    """
    status = Path("/proc/self/status")
    if status.exists() and (peak := _HIGH_WATER.search(status.read_text())):
        return int(peak[1]) * 1024 / 1e6
    return _largest_mb(resource.RUSAGE_SELF)


def peak_memory_of_children_mb() -> float:
    """Return the largest resident size of any child of this process that has ended, in MB."""
    return _largest_mb(resource.RUSAGE_CHILDREN)


def _largest_mb(who: int) -> float:
    size = resource.getrusage(who).ru_maxrss
    return size / 1e6 if sys.platform == "darwin" else size * 1024 / 1e6


@contextmanager
def importing() -> Iterator[None]:
    """Suspend garbage collection while libraries are imported, and exempt from later collections what they made.

    Modules, classes and functions are no garbage, but the collector searches the growing heap again and again, which
    takes a fifth of the time to import torch and diffusers. What is exempt is still freed with its last reference.
    """
    if not gc.isenabled():
        yield
        return
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        gc.enable()


@functools.cache
def keep_freed_memory() -> None:
    """Make glibc keep freed memory for this process; does nothing with other C libraries or when called again.

    By default glibc returns large arrays to the system at once, and gets them back page by page and zeroed: a tenth of
    the time of a fit, and a fifth of that of composite, whose layers all have the size of a picture.
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

    `env` None: this process's environment. `on_poll` is called several times per second. The command gets its own
    process group, which is killed at the end in every case. Raises TimeoutError when it runs for longer than `seconds`,
    Stopped when this process is asked to stop.
    """
    deadline = time.monotonic() + seconds
    with log.open("wb") as out:
        process = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=out, stderr=subprocess.STDOUT, start_new_session=True, env=env
        )
    note_group(process.pid)
    try:
        while not _ended(process):
            raise_if_asked()
            on_poll()
            if time.monotonic() > deadline:
                raise TimeoutError(f"{command[0]} took longer than {seconds:g} s")
            time.sleep(_POLL_SECONDS)
        on_poll()
    finally:
        os.killpg(process.pid, signal.SIGKILL)  # not reaped yet, so its number cannot have been reused
        code = process.wait()
        forget_group(process.pid)
    return code


def _ended(process: subprocess.Popen[bytes]) -> bool:
    """Return whether the process has ended, without reaping it."""
    return os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None


def log_end(log: Path, size_bytes: int = 4096) -> str:
    """Return the end of a program's log, without ANSI colour codes."""
    with log.open("rb") as file:
        file.seek(max(0, log.stat().st_size - size_bytes))
        return _ANSI.sub("", file.read().decode(errors="replace"))


def last_lines(log: Path) -> str:
    """Return the last three non-empty lines of a program's log, joined by " / "; empty if the log is."""
    lines = [line.strip(" \t\r│╭╮╰╯─") for line in re.split(r"[\r\n]+", log_end(log))]
    return " / ".join([line for line in lines if line][-3:])[-500:]
