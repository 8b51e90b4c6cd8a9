"""Measures training in CPU time, so that a busy machine trains longer, not less."""

import time
from dataclasses import dataclass


@dataclass
class CpuClock:
    """Counts the CPU seconds of a training phase, over all sessions."""

    total_seconds: float
    spent_seconds: float = 0.0

    def __post_init__(self) -> None:
        self._mark = time.process_time()

    def tick(self) -> float:
        """The elapsed fraction of the phase."""
        now = time.process_time()
        self.spent_seconds += now - self._mark
        self._mark = now
        return self.spent_seconds / self.total_seconds
