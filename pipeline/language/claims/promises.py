"""Signs that a sentence promises something of a product without naming a term: negations, comparisons, effects."""

import re
from functools import cache
from importlib import resources
from pathlib import Path

from pipeline.core.yaml_file.nodes import compose, value_of


def has_promise(text: str, language: str) -> bool:
    """Whether `text` has a sign of a promise. `language`: en, de or fr."""
    return _signs(language).search(text.replace("\u2019", "'")) is not None


@cache
def _signs(language: str) -> re.Pattern[str]:
    path = resources.files(__package__) / "promises.yaml"
    groups = value_of(compose(path.read_bytes(), Path(str(path))))
    signs = sorted({sign for group in groups.values() for sign in group[language]}, key=len, reverse=True)
    options = (re.escape(sign).replace(r"\*", r"\w*").replace(r"\ ", r"\s+") for sign in signs)
    return re.compile(rf"(?<!\w)(?:{'|'.join(options)})(?!\w)", re.IGNORECASE)
