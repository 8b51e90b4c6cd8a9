"""Live progress of a run for a person: one line per step, with a bar while it runs."""

from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from pipeline.contract.work import Event
from pipeline.run import StepResult

COLOURS = {"done": "green", "cached": "cyan", "held": "yellow", "failed": "red", "bad input": "red", "not run": "dim"}


class RunProgress:
    """Shows events as a bar and results as permanent lines."""

    def __init__(self, bars: Progress) -> None:
        self.bars = bars
        self.task = bars.add_task("", total=None)

    def event(self, event: Event) -> None:
        """Update the bar."""
        step = event.step.partition("[")[0]
        if event.kind == "started" and step == event.step:
            self.bars.reset(self.task, description=step, total=None)
        elif event.kind == "progress" and step == event.step:
            self.bars.update(self.task, description=f"{step} {event.text}", completed=event.done, total=event.total)

    def result(self, result: StepResult) -> None:
        """Print a step's result."""
        seconds = f"{result.seconds:6.1f} s" if result.seconds else " " * 8
        state = f"[{COLOURS[result.state]}]{result.state:9}[/]"
        self.bars.console.print(f"{result.step:10} {state} {seconds} {result.reason}", soft_wrap=True, highlight=False)


@contextmanager
def run_progress(console: Console) -> Iterator[RunProgress]:
    """Show progress on `console` while the block runs; without a terminal, only the permanent lines."""
    columns = (SpinnerColumn(), TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn())
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as bars:
        yield RunProgress(bars)
