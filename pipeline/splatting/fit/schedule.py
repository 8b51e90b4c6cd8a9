"""The schedule of a fit: its progress and planned length, by iterations, or by the clock on a slow machine."""

import math
from dataclasses import dataclass

CLOCK_FROM = 0.1  # share of the time limit that passes before the clock starts to shorten the fit
_WARM = 20  # the first iterations load kernels; their speed does not predict the rest
_REACH_TO_RATE = math.log(100) / 0.99  # n steps whose rate falls to a hundredth sum to n / this times the first rate


@dataclass(frozen=True)
class Schedule:
    """`iterations` requested, `max_seconds` allowed, and `clock_from`, the second at which the clock starts to count.

    The clock starts late, so that it has no effect on a machine fast enough for all iterations, however long the fit
    took to begin: the result is then independent of time, and a killed fit resumes to the same bits.
    """

    iterations: int
    max_seconds: float
    clock_from: float

    @classmethod
    def starting(cls, iterations: int, max_seconds: float, begun_seconds: float) -> "Schedule":
        """Make the schedule of a fit whose first iteration begins after `begun_seconds`."""
        return cls(iterations, max_seconds, min(max(CLOCK_FROM * max_seconds, begun_seconds), max_seconds))

    def done(self, iteration: int, seconds: float) -> float:
        """Return the share of the fit that is done, from 0; the last step may exceed 1."""
        if seconds >= self.max_seconds:
            return 1.0
        clock = (seconds - self.clock_from) / (self.max_seconds - self.clock_from)
        return max(iteration / self.iterations, clock)

    def planned(self, iteration: int, done: float) -> float:
        """Estimate the iterations of the whole fit, over which its total change is distributed.

        At least a tenth of those requested: an estimate too low would make steps that tear the product apart.
        """
        if iteration < _WARM or done < 0.05:
            return float(self.iterations)
        return max(self.iterations / 10, iteration / done)

    def mean_rate(self, reach: float, iteration: int, done: float) -> float:
        """Return the current rate of the means, which falls to a hundredth and sums to `reach` over the whole fit."""
        return reach * _REACH_TO_RATE / self.planned(iteration, done) * 0.01**done
