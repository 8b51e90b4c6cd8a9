"""The clock of a simulated night: what happens next, happens.

A heap instead of simpy: its resources keep who waits in a list that is sorted at every request, which 100,000 waiting
steps would make slow, and none of them stands for a node with cores, memory and GPUs. What would be left of it is this.
"""

import heapq
from collections.abc import Callable
from itertools import count


class Clock:
    """Calls functions in the order of their times; at the same time, in the order in which they were given."""

    def __init__(self) -> None:
        self.now = 0.0
        self._events: list[tuple[float, int, Callable[..., None], tuple[object, ...]]] = []
        self._order = count()

    def after(self, seconds: float, call: Callable[..., None], *arguments: object) -> None:
        """Call a function so many seconds from now."""
        heapq.heappush(self._events, (self.now + seconds, next(self._order), call, arguments))

    def run(self, tick: Callable[[float], None], is_over: Callable[[], bool]) -> None:
        """Go on until it is over. `tick` is called with the time before each event."""
        while not is_over():
            self.now, _, call, arguments = heapq.heappop(self._events)
            tick(self.now)
            call(*arguments)
