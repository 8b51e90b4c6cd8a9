"""Telegram-style texts, with a price per word."""

from typing import Literal

from pipeline.core.domain import Frozen
from pipeline.core.records import Caption
from pipeline.language.base import Written


class Params(Frozen):
    engine: Literal["telegram"] = "telegram"
    usd_per_word: float = 0.5


def require_here(_params):
    return "telegram"


def write(subject, params, desk):
    desk.pay(3 * params.usd_per_word)
    title = subject.evidence.facts["title"]
    texts = {angle.name: f"{title} {angle.name} stop" for angle in subject.angles}
    caption = Caption(
        engine="telegram", language=subject.language, title=title, description=f"{title}.",
        alt_text=texts[subject.angle.name], alt_texts=texts, attributes={}, prompt="a product",
    )  # fmt: skip
    return Written(caption=caption)
