"""The clock of a fit: seconds of work, without the waiting for a core and without the compiling of kernels."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import numba
import torch
from numba.core.event import Event, Listener, install_listener

COMPILING = "numba:compiler_lock"  # held while numba compiles a kernel or loads it from its cache


def seconds_of_work() -> float:
    """CPU seconds of this thread, which does its share of each parallel part (OpenMP), as if nothing else ran.

    Where the threads work while this one only waits for them (numba's own layer `workqueue`): those of the process,
    divided by its threads. Where several fits share the cores, more time passes, but each gets as much work done.
    """
    return max(time.thread_time(), time.process_time() / numba.get_num_threads())


class Clock:
    """Counts seconds by `now`, except while numba compiles within `running`."""

    def __init__(self, now: Callable[[], float], begun: float = 0.0) -> None:
        """Start at `begun` seconds. `now`: a time in seconds, from any start, that only grows."""
        self.now, self._begun, self._started = now, begun, now()

    @classmethod
    def of(cls, device: torch.device) -> "Clock":
        """The clock for fits on this device: a GPU is not shared, and what it does costs no CPU seconds."""
        return cls(seconds_of_work if device.type == "cpu" else time.monotonic)

    @property
    def seconds(self) -> float:
        """The seconds counted so far."""
        return self._begun + self.now() - self._started

    def advance(self, seconds: float) -> None:
        """Count `seconds` more; fewer if negative."""
        self._begun += seconds

    @contextmanager
    def running(self) -> Iterator[None]:
        """Within this context, kernels compile without being counted: a cold cache must not shorten a fit."""
        with install_listener(COMPILING, _Pause(self)):
            yield


class _Pause(Listener):
    """Takes from the clock what it counted while numba's compiler ran. Its events can be nested."""

    def __init__(self, clock: Clock) -> None:
        self.clock, self.depth, self.since = clock, 0, 0.0

    def on_start(self, event: Event) -> None:  # noqa: ARG002 - numba's signature
        if self.depth == 0:
            self.since = self.clock.now()
        self.depth += 1

    def on_end(self, event: Event) -> None:  # noqa: ARG002 - numba's signature
        self.depth -= 1
        if self.depth == 0:
            self.clock.advance(self.since - self.clock.now())
