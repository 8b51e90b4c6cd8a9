"""Measures what one step costs while it runs, whether it finishes, is held or fails."""

import time
from dataclasses import dataclass, field, replace
from typing import TypedDict

from pipeline.contract.runner import Runner
from pipeline.contract.work import Event


class Costs(TypedDict):
    """What a step cost: wall seconds, USD, and its items computed and taken from the store.

    A step without items counts as one.
    """

    seconds: float
    cost_usd: float
    computed: int
    reused: int


@dataclass
class Meter:
    """Counts a step's items and payments by the events of its runner."""

    step: str
    cost_per_hour_usd: float
    began: float = field(default_factory=time.perf_counter)
    events: list[Event] = field(default_factory=list)  # appended to by the threads of a step

    @classmethod
    def on(cls, runner: Runner, step: str) -> tuple["Meter", Runner]:
        """A meter of a step that begins now, and the runner to run it with."""
        meter = cls(step, runner.cost_per_hour_usd)
        notify = runner.notify

        def both(event: Event) -> None:
            if event.kind in {"started", "cached", "committed", "adopted", "held", "paid"}:
                meter.events.append(event)
            notify(event)

        return meter, replace(runner, notify=both)

    def read(self) -> Costs:
        """The costs so far: those of the machine while the step computes, and what services charged."""
        items = [event.kind for event in self.events if event.step.startswith(f"{self.step}[")]
        computes = any(event.kind == "started" and event.step == self.step for event in self.events)
        seconds = time.perf_counter() - self.began
        paid = sum(event.usd for event in self.events if event.kind == "paid")
        computed = sum(kind in {"committed", "adopted", "held"} for kind in items)
        reused = items.count("cached")
        if not items:
            computed, reused = (1, 0) if computes else (0, 1)
        return Costs(
            seconds=round(seconds, 3) if computes else 0.0,
            cost_usd=round(paid + (seconds / 3600 * self.cost_per_hour_usd if computes else 0.0), 6),
            computed=computed,
            reused=reused,
        )
