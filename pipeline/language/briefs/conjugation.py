"""Forms of regular verbs in English, German and French, led back to their infinitives."""

from collections.abc import Iterator
from functools import lru_cache

from pipeline.language.briefs.plan import Language

SHORTEST_STEM = 3  # letters
ENDINGS: dict[Language, dict[str, tuple[str, ...]]] = {
    "en": {
        **dict.fromkeys(("ing", "ed"), ("", "e")), "s": ("",), "es": ("",), "ies": ("y",), "ied": ("y",),
    },
    "de": dict.fromkeys(("", "e", "st", "t", "et", "est", "te", "ten", "test", "tet", "end"), ("en",)),
    "fr": {
        **dict.fromkeys(("rai", "ras", "ra", "rez", "rons", "ront", "rais", "rait", "riez", "rions"), ("r", "re")),
        **dict.fromkeys(
            ("ais", "ait", "iez", "ions", "aient", "ons", "ez", "ent", "ant", "e", "es", "ee", "ees"),
            ("er", "ir", "re", "oir"),
        ),
        **dict.fromkeys(("issez", "issons", "issent", "issait", "is", "it", "i", "ie"), ("ir",)),
    },
}  # fmt: skip
"""Ending of a form to those of the infinitives, all folded."""
DOUBLED = frozenset("bdgmnprt")


@lru_cache(maxsize=8192)
def infinitives(word: str, language: Language) -> tuple[str, ...]:
    """The infinitives that a folded word may be a form of, other than itself: `tomberait` of `tomber`."""
    return tuple(dict.fromkeys(one for one in _candidates(word, language) if one != word))


def _candidates(word: str, language: Language) -> Iterator[str]:
    for ending, added in ENDINGS[language].items():
        stem = word.removesuffix(ending) if ending else word
        if len(stem) < SHORTEST_STEM or not word.endswith(ending):
            continue
        yield from (stem + each for each in added)
        if language == "en" and ending in {"ing", "ed"} and stem[-1] == stem[-2] and stem[-1] in DOUBLED:
            yield stem[:-1]  # `dropped`
