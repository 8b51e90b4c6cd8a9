"""What a team is told after a run: counts, the shoots that need a person and why, work and cost, in plain words.

Skus, collections and reasons come from files that anybody may have written: they are shown as text, never as markup.
"""

import html
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

from pipeline.catalog.database import Catalog
from pipeline.catalog.runs.costs import RunCosts, read_run
from pipeline.catalog.shoots import RunSummary, ShootSummary, summary
from pipeline.core.domain import Frozen
from pipeline.discovery import conclude, fate_of, missing_step

SHOWN = 5  # shoots of each kind; the page of the run lists all
REASON_CHARACTERS = 200
NEEDS_NOBODY = frozenset({"unchanged", "postponed"})  # fates of shoots that did not run
FATES = ("done", "held", "failed", "refused", "unchanged", "postponed")


class Counts(Frozen):
    """What a run did: images that it published first, current images of its shoots by state, and shoots by fate."""

    published: int = 0
    in_review: int = 0
    rejected: int = 0
    done: int = 0
    held: int = 0
    failed: int = 0
    refused: int = 0
    unchanged: int = 0
    postponed: int = 0


class Troubled(Frozen):
    """A shoot that needs a person."""

    sku: str
    fate: str
    reason: str


class Around(Frozen):
    """What the catalog does not know of a run. `waiting`: shoots that are still being uploaded.

    `failed_tasks`: of Airflow, where they left no other trace. `links`: by what they lead to.
    """

    waiting: int = 0
    failed_tasks: tuple[str, ...] = ()
    links: Mapping[str, str] = {}


class Notice(Frozen):
    """A message about a run. `is_empty`: nothing happened that anybody needs to know."""

    run_id: str
    subject: str
    lines: tuple[str, ...]
    links: Mapping[str, str]
    is_empty: bool
    counts: Counts = Counts()
    collections: Mapping[str, Counts] = {}
    troubled: tuple[Troubled, ...] = ()
    waiting: int = 0
    seconds: float = 0.0
    cost_usd: float = 0.0
    usd_per_image: float | None = None

    @property
    def text(self) -> str:
        """The message as plain text."""
        return "\n".join([*self.lines, *(f"{name}: {url}" for name, url in self.links.items())])

    @property
    def html(self) -> str:
        """The message as HTML, in which only the links are markup."""
        lines = [f"<p>{html.escape(line)}</p>" for line in self.lines]
        links = [f'<p><a href="{html.escape(url)}">{html.escape(name)}</a></p>' for name, url in self.links.items()]
        return "\n".join([*lines, *links])


def notice_of(catalog_url: str, run_id: str, around: Around) -> Notice:
    """The message after a run, whose fates are decided first. Raises BadInput for an unknown run."""
    ended = conclude(catalog_url, run_id)
    costs, _ = read_run(Catalog(catalog_url), run_id)
    counts = counts_of(ended.shoots)
    troubled = [Troubled(sku=shoot.sku, fate=shoot.fate, reason=shoot.reason) for shoot in ended.shoots]
    troubled = [shoot for shoot in troubled if shoot.fate in {"held", "failed", "refused"}]
    lines = [
        f"{_many(counts.published, 'image')} published, {counts.in_review} in review, {counts.rejected} rejected.",
        f"Shoots: {_shoots(counts, around.waiting)}.",
        *_troubles(troubled),
        *_postponed(ended),
        *_failed_tasks(around),
        _work(costs),
    ]
    ran = any(shoot.fate not in NEEDS_NOBODY for shoot in ended.shoots) or counts.postponed
    return Notice(
        run_id=run_id,
        subject=_plain(f"Catalog run {run_id}: {_headline(counts, around)}"),
        lines=tuple(filter(None, map(_plain, lines))),
        links=around.links,
        is_empty=not (ran or around.waiting or around.failed_tasks),
        counts=counts,
        collections=_by_collection(ended.shoots),
        troubled=tuple(troubled),
        waiting=around.waiting,
        **costs.model_dump(include={"seconds", "cost_usd"}),
        usd_per_image=costs.usd_per_image,
    )


def late_notice(catalog_url: str, run_id: str, deadline: datetime, around: Around) -> Notice:
    """The message when a run is not finished by its deadline. It decides no fate. Raises BadInput as `notice_of`."""
    running = summary(catalog_url, run_id)
    took_part = [shoot for shoot in running.shoots if shoot.fate not in NEEDS_NOBODY]
    still = [shoot for shoot in took_part if shoot.fate == "planned" and missing_step(shoot)]
    ended = Counter(fate_of(shoot)[0] if shoot.fate == "planned" else shoot.fate for shoot in took_part)
    ended["failed"] -= len(still)  # as those are counted that have not ended
    what = f"{_late(deadline)}: {len(still)} of {_many(len(took_part), 'shoot')} still run"
    named = ", ".join(shoot.sku for shoot in still[:SHOWN]) + _more(len(still))
    lines = [
        f"The run {run_id} is {what}.",
        f"Ended: {', '.join(f'{count} {fate}' for fate, count in sorted((+ended).items())) or 'no shoot'}.",
        f"Still running: {named or 'no shoot'}.",
    ]
    return _without_end(run_id, what, lines, around)


def unknown_notice(run_id: str, deadline: datetime | None, around: Around) -> Notice:
    """The message about a run that has ended, or is late, before it was recorded."""
    what = "ended before it had looked for shoots"
    if deadline is not None:
        what = f"{_late(deadline)}: it has not looked for shoots yet"
    return _without_end(run_id, what, [f"The run {run_id} is {what}." if deadline else f"The run {what}."], around)


def _without_end(run_id: str, what: str, lines: Sequence[str], around: Around) -> Notice:
    return Notice(
        run_id=run_id,
        subject=_plain(f"Catalog run {run_id}: {what}"),
        lines=tuple(map(_plain, [*lines, *_failed_tasks(around)])),
        links=around.links,
        is_empty=False,
    )


def _late(deadline: datetime) -> str:
    return f"not finished by {deadline:%Y-%m-%d %H:%M} {deadline.tzname()}"


def counts_of(ended: Iterable[ShootSummary]) -> Counts:
    """Count what became of shoots and of their images."""
    ended = tuple(ended)
    fates = Counter("failed" if shoot.fate == "planned" else shoot.fate for shoot in ended)
    images: Counter[str] = Counter()
    for shoot in ended:
        if shoot.fate not in NEEDS_NOBODY:
            images.update(shoot.assets)
    return Counts(
        published=sum(step.published for shoot in ended for step in shoot.steps),
        in_review=images["in review"],
        rejected=images["rejected"],
        **{fate: fates[fate] for fate in FATES},
    )


def _by_collection(ended: Sequence[ShootSummary]) -> dict[str, Counts]:
    """The counts of each collection. Refused folders belong to none."""
    names = sorted({shoot.collection for shoot in ended if shoot.collection})
    return {name: counts_of(shoot for shoot in ended if shoot.collection == name) for name in names}


def _shoots(counts: Counts, waiting: int) -> str:
    parts = [f"{getattr(counts, fate)} {fate}" for fate in FATES if getattr(counts, fate)]
    return ", ".join([*parts, *([f"{waiting} still being uploaded"] if waiting else [])]) or "none"


def _headline(counts: Counts, around: Around) -> str:
    parts = [f"{_many(counts.published, 'image')} published"]
    parts += [f"{getattr(counts, fate)} {fate}" for fate in ("held", "failed", "refused") if getattr(counts, fate)]
    return ", ".join(parts + (["tasks failed"] if around.failed_tasks and not counts.failed else []))


def _troubles(troubled: Sequence[Troubled]) -> Iterable[str]:
    """The first shoots of each kind, and why."""
    for fate in ("held", "failed", "refused"):
        those = [shoot for shoot in troubled if shoot.fate == fate]
        for shoot in those[:SHOWN]:
            yield f"{fate}: {shoot.sku}: {_cut(shoot.reason)}"
        if len(those) > SHOWN:
            yield f"{fate}: and {len(those) - SHOWN} more"


def _postponed(ended: RunSummary) -> Iterable[str]:
    reasons = [shoot.reason for shoot in ended.shoots if shoot.fate == "postponed"]
    if reasons:
        yield f"{_many(len(reasons), 'shoot')} postponed to the next run: {reasons[0]}."


def _failed_tasks(around: Around) -> Iterable[str]:
    if around.failed_tasks:
        named = ", ".join(around.failed_tasks[:SHOWN]) + _more(len(around.failed_tasks))
        yield f"Tasks of Airflow that failed: {named}."


def _work(costs: RunCosts) -> str:
    each = f", {costs.usd_per_image:.4f} USD for each published image" if costs.usd_per_image is not None else ""
    return f"Work: {costs.seconds / 3600:.1f} hours, {costs.cost_usd:.2f} USD{each}."


def _many(count: int, what: str) -> str:
    return f"{count} {what}{'' if count == 1 else 's'}"


def _more(count: int) -> str:
    return f" and {count - SHOWN} more" if count > SHOWN else ""


def _cut(reason: str) -> str:
    return reason if len(reason) <= REASON_CHARACTERS else reason[: REASON_CHARACTERS - 1] + "…"


def _plain(line: str) -> str:
    """One line without invisible characters, which could hide or reorder what it says."""
    return "".join(sign if sign.isprintable() else " " for sign in line).strip()
