"""The output of `make demo`: the steps of every shoot while they run, and tables of how they ended."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from rich import box
from rich.console import Console
from rich.live import Live
from rich.table import Table

from pipeline.plan import STEPS

GROUP = "shoot."
SHOOTS_PER_TABLE = 4  # fit into 100 columns
ENDED = frozenset({"success", "skipped", "failed", "upstream_failed"})
LABELS = {  # by Airflow's task state
    "success": "[green]done[/]",
    "skipped": "[yellow]held[/]",
    "failed": "[red]failed[/]",
    "upstream_failed": "[dim]not run[/]",
    "up_for_retry": "[yellow]retry[/]",
    "running": "[bold]running[/]",
    "deferred": "[bold]running[/]",
}
COLOURS = {
    "done": "green",
    "cached": "cyan",
    "held": "yellow",
    "failed": "red",
    "refused": "red",
    "unchanged": "cyan",
    "postponed": "yellow",
}


class Board:
    """Shows the task instances of one run: a live table on a terminal, elsewhere one line per change."""

    def __init__(self, console: Console) -> None:
        self.console = console
        self.live = Live(console=console, refresh_per_second=4, transient=True) if console.is_terminal else None
        self.printed: dict[tuple[str, int], str] = {}

    def __enter__(self) -> "Board":
        if self.live is not None:
            self.live.start()
        return self

    def __exit__(self, *_: object) -> None:
        if self.live is not None:
            self.live.stop()

    def show(self, tasks: list[dict[str, Any]], seconds: float) -> None:
        """Show the tasks as listed by Airflow's API, `seconds` after the run was triggered."""
        # an unmapped group, or one mapped over no shoots, is listed once with index -1: it belongs to no shoot
        tasks = [task for task in tasks if task["map_index"] >= 0 or not task["task_id"].startswith(GROUP)]
        names = shoot_names(tasks)
        if self.live is not None:
            self.live.update(live_table(tasks, names, seconds))
            return
        for task in tasks:
            key, label = (task["task_id"], task["map_index"]), LABELS.get(task["state"] or "")
            if label and self.printed.get(key) != label:  # a pod's task alternates between running and deferred
                shoot = f"{names.get(task['map_index'], '')} " if task["task_id"].startswith(GROUP) else ""
                self.console.print(f"{seconds:5.0f} s  {shoot}{task['task_id'].removeprefix(GROUP)}: {label}")
                self.printed[key] = label


def shoot_names(tasks: Iterable[Mapping[str, Any]]) -> dict[int, str]:
    """The sku per mapped group: the start of its tasks' labels, or a number until the first task has run."""
    names: dict[int, str] = {}
    for task in tasks:
        if task["task_id"].startswith(GROUP) and task["map_index"] >= 0:
            label = (task.get("rendered_map_index") or "").partition(" · ")[0]
            names[task["map_index"]] = names.get(task["map_index"]) or ("" if label.isdigit() else label)
    return {index: name or f"shoot {index + 1}" for index, name in names.items()}


def live_table(tasks: list[dict[str, Any]], names: Mapping[int, str], seconds: float) -> Table:
    """The steps of the shoots of a run, unfinished shoots first."""
    state = {(task["task_id"], task["map_index"]): task["state"] or "" for task in tasks}
    ended = {index for index in names if all(state.get((GROUP + step, index)) in ENDED for step in STEPS)}
    shown = sorted(names, key=lambda index: (index in ended, index))[:SHOOTS_PER_TABLE]
    title = f"catalog_nightly, {seconds:.0f} s, {len(ended)} of {len(names)} shoots finished"
    table = Table("step", *(names[index] for index in shown), title=title, title_justify="left")
    for step in STEPS:
        table.add_row(step, *(LABELS.get(state.get((GROUP + step, index), ""), "[dim]·[/]") for index in shown))
    if not names:
        table.title = f"catalog_nightly, {seconds:.0f} s, looking for shoots"
    return table


def fates_tables(summary: Mapping[str, Any]) -> Iterator[Table]:
    """Tables of `catalog summary --json`: per shoot, the seconds of each computed step, its assets and its result.

    One row per step and one column per shoot, `SHOOTS_PER_TABLE` shoots per table: ten step columns would not fit a
    terminal.
    """
    shoots = summary["shoots"]
    for first in range(0, len(shoots), SHOOTS_PER_TABLE):
        columns = shoots[first : first + SHOOTS_PER_TABLE]
        table = Table("step", box=box.SIMPLE_HEAD)
        for shoot in columns:
            table.add_column(shoot["sku"], justify="right")
        states = [{step["step"]: step for step in shoot["steps"]} for shoot in columns]
        for name in STEPS if any(states) else ():
            table.add_row(name, *(_cell(steps.get(name)) for steps in states), end_section=name == STEPS[-1])
        table.add_row("seconds", *(f"{sum(step['seconds'] for step in shoot['steps']):.0f}" for shoot in columns))
        table.add_row("assets", *(_assets(shoot["assets"]) for shoot in columns))
        table.add_row("result", *(f"[{COLOURS.get(shoot['fate'], 'red')}]{shoot['fate']}[/]" for shoot in columns))
        yield table


def _assets(counts: Mapping[str, int]) -> str:
    sorted_counts = sorted(counts.items(), key=lambda item: (item[0] != "published", item[0]))
    return "\n".join(f"{count} {state}" for state, count in sorted_counts) or "none"


def _cell(step: Mapping[str, Any] | None) -> str:
    if step is None:
        return "[dim]·[/]"
    if step["state"] == "done":
        return f"{step['seconds']:.1f}"
    return f"[{COLOURS.get(step['state'], 'red')}]{step['state']}[/]"
