"""How far a fit is, and how many iterations it will have: by their number, or by the clock on a slow machine."""

import math
from dataclasses import dataclass

CLOCK_FROM = 0.1  # share of the time limit that may pass before the clock begins to hurry the fit
_WARM = 20  # the first iterations are slow, for kernels are still being loaded, and say nothing of the rest
_REACH_TO_RATE = math.log(100) / 0.99  # n steps whose rate falls to a hundredth sum to n / this first rates


@dataclass(frozen=True)
class Schedule:
    """`iterations` asked for, `max_seconds` that they may take, and the second at which the clock begins to count.

    The clock starts late, so that a machine fast enough for all iterations never feels it, however long the fit took to
    begin: then the result does not depend on time at all, and a killed fit resumes to the same bits.
    """

    iterations: int
    max_seconds: float
    clock_from: float

    @classmethod
    def starting(cls, iterations: int, max_seconds: float, begun_seconds: float) -> "Schedule":
        """The schedule of a fit whose first iteration begins after `begun_seconds`."""
        return cls(iterations, max_seconds, min(max(CLOCK_FROM * max_seconds, begun_seconds), max_seconds))

    def done(self, iteration: int, seconds: float) -> float:
        """Share of the fit that is done, 0 to 1 and a little more."""
        if seconds >= self.max_seconds:
            return 1.0
        clock = (seconds - self.clock_from) / (self.max_seconds - self.clock_from)
        return max(iteration / self.iterations, clock)

    def planned(self, iteration: int, done: float) -> float:
        """How many iterations the whole fit will have; what may change in all is dealt out over so many.

        No fewer than a tenth of those asked for: a guess too low would make steps that tear the product apart.
        """
        if iteration < _WARM or done < 0.05:
            return float(self.iterations)
        return max(self.iterations / 10, iteration / done)

    def mean_rate(self, reach: float, iteration: int, done: float) -> float:
        """The means' learning rate now, falling to a hundredth, for them to travel `reach` in the whole fit."""
        return reach * _REACH_TO_RATE / self.planned(iteration, done) * 0.01**done
