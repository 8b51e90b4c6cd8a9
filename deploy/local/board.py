"""What `make demo` shows: the steps of every shoot while they run, and the tables of what became of them."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from rich import box
from rich.console import Console
from rich.live import Live
from rich.table import Table

from pipeline.plan import STEPS

GROUP = "shoot."
SHOOTS_ABREAST = 4  # fit 100 columns
ENDED = frozenset({"success", "skipped", "failed", "upstream_failed"})
WORDS = {
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
    "bad input": "red",
    "unchanged": "cyan",
}


class Board:
    """Shows the task instances of one run: a live table on a terminal, one line a change elsewhere."""

    def __init__(self, console: Console) -> None:
        self.console = console
        self.live = Live(console=console, refresh_per_second=4, transient=True) if console.is_terminal else None
        self.told: dict[tuple[str, int], str] = {}

    def __enter__(self) -> "Board":
        if self.live is not None:
            self.live.start()
        return self

    def __exit__(self, *_: object) -> None:
        if self.live is not None:
            self.live.stop()

    def show(self, tasks: list[dict[str, Any]], seconds: float) -> None:
        """Show the tasks as Airflow's API lists them, `seconds` after the run was triggered."""
        # a group that is not mapped yet, or over no shoots at all, is listed once with index -1: no shoot's task
        tasks = [task for task in tasks if task["map_index"] >= 0 or not task["task_id"].startswith(GROUP)]
        names = shoot_names(tasks)
        if self.live is not None:
            self.live.update(live_table(tasks, names, seconds))
            return
        for task in tasks:
            key, word = (task["task_id"], task["map_index"]), WORDS.get(task["state"] or "")
            if word and self.told.get(key) != word:  # a pod's task is deferred and resumed: it runs all the while
                who = f"{names.get(task['map_index'], '')} " if task["task_id"].startswith(GROUP) else ""
                self.console.print(f"{seconds:5.0f} s  {who}{task['task_id'].removeprefix(GROUP)}: {word}")
                self.told[key] = word


def shoot_names(tasks: Iterable[Mapping[str, Any]]) -> dict[int, str]:
    """The sku of every mapped group, which its tasks' labels start with; before the first one has run, a number."""
    names: dict[int, str] = {}
    for task in tasks:
        if task["task_id"].startswith(GROUP) and task["map_index"] >= 0:
            label = (task.get("rendered_map_index") or "").partition(" · ")[0]
            names[task["map_index"]] = names.get(task["map_index"]) or ("" if label.isdigit() else label)
    return {index: name or f"shoot {index + 1}" for index, name in names.items()}


def live_table(tasks: list[dict[str, Any]], names: Mapping[int, str], seconds: float) -> Table:
    """The steps of the shoots of a run; those that still go on come first."""
    state = {(task["task_id"], task["map_index"]): task["state"] or "" for task in tasks}
    ended = {index for index in names if all(state.get((GROUP + step, index)) in ENDED for step in STEPS)}
    shown = sorted(names, key=lambda index: (index in ended, index))[:SHOOTS_ABREAST]
    title = f"catalog_nightly, {seconds:.0f} s, {len(ended)} of {len(names)} shoots ended"
    table = Table("step", *(names[index] for index in shown), title=title, title_justify="left")
    for step in STEPS:
        table.add_row(step, *(WORDS.get(state.get((GROUP + step, index), ""), "[dim]·[/]") for index in shown))
    if not names:
        table.title = f"catalog_nightly, {seconds:.0f} s, looking for shoots"
    return table


def fates_tables(summary: Mapping[str, Any]) -> Iterator[Table]:
    """What `catalog summary --json` says: seconds of each step that this run computed, assets, fate, of each shoot.

    The steps stand below each other and the shoots abreast, in as many tables as it takes: ten steps abreast need more
    columns than a terminal has.
    """
    shoots = summary["shoots"]
    for first in range(0, len(shoots), SHOOTS_ABREAST):
        abreast = shoots[first : first + SHOOTS_ABREAST]
        table = Table("step", box=box.SIMPLE_HEAD)
        for shoot in abreast:
            table.add_column(shoot["sku"], justify="right")
        states = [{step["step"]: step for step in shoot["steps"]} for shoot in abreast]
        for name in STEPS if any(states) else ():
            table.add_row(name, *(_cell(steps.get(name)) for steps in states), end_section=name == STEPS[-1])
        table.add_row("seconds", *(f"{sum(step['seconds'] for step in shoot['steps']):.0f}" for shoot in abreast))
        table.add_row("assets", *(_assets(shoot["assets"]) for shoot in abreast))
        table.add_row("fate", *(f"[{COLOURS.get(shoot['fate'], 'red')}]{shoot['fate']}[/]" for shoot in abreast))
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
