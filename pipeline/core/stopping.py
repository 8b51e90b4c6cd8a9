"""Stopping on SIGTERM, also as process 1 of a container, which the kernel shields from the signal's usual effect.

A step that is asked to stop saves what can be resumed at its next safe point: between two iterations of a fit, at a
progress report, or while it waits for another program. A step that reaches none in time is ended anyway.
"""

import os
import signal
import sys
import threading
import time
from contextlib import suppress

EXIT_STOPPED = 128 + signal.SIGTERM
PATIENCE_SECONDS = 2.0  # for the next safe point; a pod is to be gone within 3 s
MESSAGE = "error: stopped by SIGTERM; finished items and the last snapshot are kept\n"

_asked = threading.Event()
_groups: set[int] = set()


class Stopped(SystemExit):
    """The process was asked to stop. As an exit it passes every `except Exception`, and scratch folders are removed."""

    def __init__(self) -> None:
        """Exit with the code that a shell gives to a process that SIGTERM ended."""
        super().__init__(EXIT_STOPPED)


def stop_on_sigterm() -> None:
    """Let SIGTERM ask this process to stop. Call it once, in the main thread.

    A thread waits for the signal, so that it arrives also while the main thread computes in compiled code.
    """
    reader, writer = os.pipe()
    os.set_blocking(writer, False)
    signal.signal(signal.SIGTERM, lambda _signal, _frame: None)
    signal.set_wakeup_fd(writer, warn_on_full_buffer=False)
    threading.Thread(target=_end_after, args=(reader,), name="stop on SIGTERM", daemon=True).start()


def raise_if_asked() -> None:
    """Raise Stopped if this process was asked to stop. Call it where everything worth keeping has been stored."""
    if _asked.is_set():
        raise Stopped


def is_asked() -> bool:
    """Whether this process was asked to stop."""
    return _asked.is_set()


def note_group(process_group: int) -> None:
    """Have this process group killed too if this process is ended before a safe point."""
    _groups.add(process_group)


def forget_group(process_group: int) -> None:
    """The process group has ended."""
    _groups.discard(process_group)


def _end_after(reader: int) -> None:
    while signal.SIGTERM not in os.read(reader, 64):  # each byte is the number of a signal
        pass
    _asked.set()
    time.sleep(PATIENCE_SECONDS)
    for group in tuple(_groups):
        with suppress(ProcessLookupError):
            os.killpg(group, signal.SIGKILL)
    sys.stderr.write(MESSAGE)
    sys.stderr.flush()
    os._exit(EXIT_STOPPED)
