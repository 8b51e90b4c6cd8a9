"""What `make demo` shows: the steps of every shoot while they run, and the table of what became of them."""

from collections.abc import Iterable, Mapping
from typing import Any

from rich.console import Console
from rich.live import Live
from rich.table import Table

from pipeline.plan import STEPS

GROUP = "shoot."
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
        self.states: dict[tuple[str, int], str] = {}

    def __enter__(self) -> "Board":
        if self.live is not None:
            self.live.start()
        return self

    def __exit__(self, *_: object) -> None:
        if self.live is not None:
            self.live.stop()

    def show(self, tasks: list[dict[str, Any]], seconds: float) -> None:
        """Show the tasks as Airflow's API lists them, `seconds` after the run was triggered."""
        names = shoot_names(tasks)
        if self.live is not None:
            self.live.update(_live_table(tasks, names, seconds))
            return
        for task in tasks:
            key, state = (task["task_id"], task["map_index"]), task["state"] or ""
            if state in WORDS and self.states.get(key) != state:
                who = f"{names.get(task['map_index'], '')} " if task["task_id"].startswith(GROUP) else ""
                self.console.print(f"{seconds:5.0f} s  {who}{task['task_id'].removeprefix(GROUP)}: {WORDS[state]}")
            self.states[key] = state


def shoot_names(tasks: Iterable[Mapping[str, Any]]) -> dict[int, str]:
    """The sku of every mapped group, which its tasks' labels start with; before the first one has run, a number."""
    names: dict[int, str] = {}
    for task in tasks:
        if task["task_id"].startswith(GROUP) and task["map_index"] >= 0:
            label = (task.get("rendered_map_index") or "").partition(" · ")[0]
            names[task["map_index"]] = names.get(task["map_index"]) or ("" if label.isdigit() else label)
    return {index: name or f"shoot {index + 1}" for index, name in names.items()}


def _live_table(tasks: list[dict[str, Any]], names: Mapping[int, str], seconds: float) -> Table:
    table = Table("shoot", *STEPS, title=f"catalog_nightly, {seconds:.0f} s", title_justify="left")
    state = {(task["task_id"], task["map_index"]): task["state"] or "" for task in tasks}
    for index in sorted(names):
        cells = [WORDS.get(state.get((GROUP + step, index), ""), "[dim]·[/]") for step in STEPS]
        table.add_row(names[index], *cells)
    if not names:
        table.add_row("[dim]looking for shoots[/]")
    return table


def fates_table(summary: Mapping[str, Any]) -> Table:
    """What `catalog summary --json` says: fate, seconds of each step that this run computed, assets, of each shoot."""
    table = Table("shoot", "fate", *STEPS, "seconds", "assets", title_justify="left")
    for shoot in summary["shoots"]:
        steps = {step["step"]: step for step in shoot["steps"]}
        cells = [_cell(steps.get(name)) for name in STEPS]
        seconds = sum(step["seconds"] for step in shoot["steps"])
        assets = ", ".join(f"{count} {state}" for state, count in shoot["assets"].items()) or "none"
        fate = f"[{COLOURS.get(shoot['fate'], 'red')}]{shoot['fate']}[/]"
        table.add_row(shoot["sku"], fate, *cells, f"{seconds:.0f}", assets)
    return table


def reasons(summary: Mapping[str, Any]) -> list[str]:
    """One line for every step that is held or failed, and for every shoot that was refused."""
    lines = []
    for shoot in summary["shoots"]:
        told = [step for step in shoot["steps"] if step["reason"] and step["state"] not in {"done", "cached"}]
        lines += [f"{shoot['sku']}, {step['step']}: {step['state']}: {step['reason']}" for step in told]
        if shoot["reason"] and not told:
            lines.append(f"{shoot['sku']}: {shoot['fate']}: {shoot['reason']}")
    return lines


def _cell(step: Mapping[str, Any] | None) -> str:
    if step is None:
        return "[dim]·[/]"
    if step["state"] == "done":
        return f"{step['seconds']:.1f}"
    return f"[{COLOURS.get(step['state'], 'red')}]{step['state']}[/]"
