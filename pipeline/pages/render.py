"""Renders the pages' templates: what all of them share, and filters for figures and times."""

from collections.abc import Mapping
from datetime import UTC, datetime
from functools import partial
from typing import Any, Protocol
from urllib.parse import quote

from fastapi import Request
from fastapi.responses import HTMLResponse
from jinja2 import Environment, PackageLoader, StrictUndefined

from pipeline.pages.access import User, csrf_token

_TEMPLATES = Environment(
    loader=PackageLoader("pipeline.pages"),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)
NAVIGATION = (("Board", "board"), ("Review", "review"), ("Impact", "impact"), ("Runs", "runs"))


class Priced(Protocol):
    """Something that took time and may have cost something: a run, or a lineage."""

    @property
    def seconds(self) -> float:
        """What it took."""
        ...

    @property
    def cost_usd(self) -> float:
        """What it cost."""
        ...


def render(request: Request, template: str, *, status: int = 200, **values: Any) -> HTMLResponse:
    """Render a page for the user of this request; before one is known, without navigation."""
    user: User | None = getattr(request.state, "catalog_user", None)
    access = request.app.state.access
    page = _TEMPLATES.get_template(template).render(
        root=root_of(request),
        user=user,
        csrf=csrf_token(access.secret, user) if user else "",
        navigation=NAVIGATION if user else (),
        is_priced=partial(is_priced, usd_per_hour=request.app.state.usd_per_hour),
        here=request.url.path.removeprefix(root_of(request)).strip("/").partition("/")[0],
        **values,
    )
    return HTMLResponse(page, status_code=status)


def root_of(request: Request) -> str:
    """The path at which the pages are mounted, as the browser sees it; empty at the top."""
    return str(request.scope.get("root_path", "")).rstrip("/")


def number(value: float) -> str:
    """Four significant digits, or a whole number with separators: `0.8213`, `1,936`."""
    return f"{value:.4g}" if abs(value) < 10_000 else f"{value:,.0f}"


def seconds(value: float) -> str:
    """A duration: `0.4 s`, `12 s`, `3 min 20 s`, `2 h 5 min`; `0 s` for none."""
    if not value:
        return "0 s"
    if value < 10:
        return f"{value:.1f} s"
    whole = round(value)
    if whole < 120:
        return f"{whole} s"
    if whole < 7200:
        return f"{whole // 60} min {whole % 60} s"
    return f"{whole // 3600} h {whole % 3600 // 60} min"


def usd(value: float) -> str:
    """An amount of money: `$0.0042`, `$12.50`; `$0` for nothing, `under $0.0001` for next to nothing."""
    if not value:
        return "$0"
    if value < 0.0001:
        return "under $0.0001"
    return f"${value:,.2f}" if value >= 1 else f"${value:.4f}"


def size(value: int) -> str:
    """A file size: `734 B`, `81 kB`, `1.4 MB`."""
    if value < 1000:
        return f"{value} B"
    return f"{value / 1000:.0f} kB" if value < 1_000_000 else f"{value / 1e6:.1f} MB"


def when(value: datetime | None) -> str:
    """A time in UTC, `2026-03-01 02:14`, for a column whose head says UTC; a dash for none."""
    return f"{value:%Y-%m-%d %H:%M}" if value else "\u2013"


def when_utc(value: datetime | None) -> str:
    """A time that stands alone, `2026-03-01 02:14 UTC`; a dash for none."""
    return f"{when(value)} UTC" if value else when(value)


def moment(text: str) -> str:
    """A step's time, given in ISO 8601, as `when_utc` writes it."""
    return when_utc(datetime.fromisoformat(text).astimezone(UTC))


def is_priced(costs: Priced, usd_per_hour: float) -> bool:
    """Whether a cost of 0 is one: a price is set, and there was too little work to cost anything.

    `usd_per_hour`: the price that is set now; when these seconds were computed, there may have been none.
    """
    return costs.cost_usd > 0 or (usd_per_hour > 0 and costs.seconds < 1)


def language(tag: str) -> str:
    """The name of a caption's language, `English`; a language without captions of ours by its tag."""
    return {"en": "English", "de": "German", "fr": "French"}.get(tag, tag)


def dot(state: str) -> str:
    """The CSS class of a state's dot: `dot-in-review`."""
    return "dot-" + state.replace(" ", "-")


def decided(decision: str) -> str:
    """A person's decision as pages name it: `approved`, `sent back`."""
    return {"redo": "sent back"}.get(decision, decision)


def act(decision: str) -> str:
    """A person's decision as a noun: `approval`."""
    nouns = {
        "approved": "approval",
        "rejected": "rejection",
        "redo": "sending back",
        "withdrawn": "withdrawal",
        "replaced": "replacement",
    }
    return nouns.get(decision, decision)


def settings_words(settings: Mapping[str, Any]) -> str:
    """Settings in one line: `light.strength 0.7, shadow layer`."""
    return ", ".join(f"{name} {value}" for name, value in settings.items())


def settings_of(params: Mapping[str, Any]) -> dict[str, Any]:
    """Params as `outer.inner` to value, without those that are empty."""
    flat: dict[str, Any] = {}
    for name, value in params.items():
        if isinstance(value, dict):
            flat |= {f"{name}.{inner}": each for inner, each in settings_of(value).items()}
        elif value not in (None, "", []):
            flat[name] = value
    return flat


def shortened(text: str) -> str:
    """The first digits of a digest; other text up to 120 characters."""
    if len(text) == 64 and set(text) <= set("0123456789abcdef"):
        return text[:12]
    return text if len(text) <= 120 else f"{text[:119]}…"


_TEMPLATES.filters |= {
    "number": number, "seconds": seconds, "usd": usd, "size": size, "when": when, "when_utc": when_utc,
    "moment": moment, "decided": decided, "act": act, "settings_words": settings_words, "language": language,
    "dot": dot, "settings": settings_of, "path": quote, "shortened": shortened,
}  # fmt: skip
