"""Words that divide a brief into wishes and talk."""

from functools import cache
from importlib.resources import files

import yaml


def cue(name: str) -> frozenset[str]:
    """The folded words and phrases under this name in `cues.yaml`."""
    return frozenset(word.replace("_", " ") for word in _cues()[name].split())


@cache
def _cues() -> dict[str, str]:
    return yaml.safe_load((files("pipeline.language.briefs") / "cues.yaml").read_text("utf-8"))  # type: ignore[no-any-return]
