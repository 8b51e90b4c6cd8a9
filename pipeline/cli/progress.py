"""Live progress of a run for a person: one line per finished step, and a bar; without a terminal, plain lines."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from pipeline.cli.outcome import COLOURS, SHOWN_SECONDS
from pipeline.contract.work import Event
from pipeline.run import StepResult

PLAIN_SECONDS = 10.0  # between two lines on how far a step is, where there is no bar


class RunProgress:
    """Shows events as a bar, or as plain lines without a terminal, and results as permanent lines."""

    def __init__(self, bars: Progress, clock: Callable[[], float] = time.monotonic) -> None:
        self.bars = bars
        self.clock = clock
        self.plain = not bars.console.is_terminal
        self.said_at = clock()
        self.task = bars.add_task("", total=None)

    def event(self, event: Event) -> None:
        """Update the bar, or say that a step began and, from time to time, how far it is."""
        if "[" in event.step:  # an item of a step
            return
        if event.kind == "started":
            self.bars.reset(self.task, description=event.step, total=None)
            self._say(f"{event.step:10} started")
        elif event.kind == "progress":
            description = f"{event.step} {event.text}"
            self.bars.update(self.task, description=description, completed=event.done, total=event.total)
            if self.clock() - self.said_at >= PLAIN_SECONDS:
                self._say(f"{event.step:10} {event.done}/{event.total} {event.text}")

    def result(self, result: StepResult) -> None:
        """Print how a step ended; why is printed once, at the end of the run."""
        seconds = f" {result.seconds:6.1f} s" if result.seconds >= SHOWN_SECONDS else ""
        by = f" by {result.by}" if result.by else ""
        state = f"[{COLOURS[result.state]}]{result.state}{by}[/]"
        self.bars.console.print(f"{result.step:10} {state}{seconds}", soft_wrap=True, highlight=False)

    def _say(self, line: str) -> None:
        self.said_at = self.clock()
        if self.plain:
            self.bars.console.print(line, soft_wrap=True, highlight=False, markup=False)


@contextmanager
def run_progress(console: Console) -> Iterator[RunProgress]:
    """Show progress on `console` while the block runs."""
    columns = (SpinnerColumn(), TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn())
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as bars:
        yield RunProgress(bars)
