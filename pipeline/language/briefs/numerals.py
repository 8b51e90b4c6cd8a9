"""Numbers from 2 to 100 in English, German and French words, and a few fractions, as briefs are compared."""

from functools import cache

from pipeline.language.briefs.fold import Key, key_of
from pipeline.language.numerals import words

_PHRASES: dict[str, float] = {
    "hundred": 100,
    "one hundred": 100,
    "a hundred": 100,
    "hundert": 100,
    "einhundert": 100,
    "cent": 100,
}
_PHRASES |= {"three hundred sixty": 360, "three hundred and sixty": 360, "dreihundertsechzig": 360}
_PHRASES |= {"half": 0.5, "half a": 0.5, "halbe": 0.5, "halben": 0.5, "halber": 0.5, "demi": 0.5}
_PHRASES |= {
    "third of a": 1 / 3,
    "drittel": 1 / 3,
    "tiers de": 1 / 3,
    "tiers": 1 / 3,
    "one": 1,
    "one and a half": 1.5,
    "anderthalb": 1.5,
}

_PHRASES |= dict.fromkeys(("two thirds of a", "two thirds", "zwei drittel", "deux tiers de"), 2 / 3)
_PHRASES |= dict.fromkeys(("one third of a", "one third", "ein drittel", "un tiers de"), 1 / 3)
_UNITS = ("un", "deux", "trois", "quatre", "cinq", "six", "sept", "huit", "neuf")
for _ten, _word in ((70, "septante"), (80, "huitante"), (80, "octante"), (90, "nonante")):  # Switzerland, Belgium
    _PHRASES |= {_word: _ten, f"{_word} et un": _ten + 1}
    _PHRASES |= {f"{_word}-{unit}": _ten + number for number, unit in enumerate(_UNITS, start=1)}
_PHRASES |= dict.fromkeys(("quarter of a", "quarter", "viertel", "quart de", "quart"), 0.25)


@cache
def numerals() -> dict[Key, float]:
    """The folded words of each number to the number."""
    return {key_of(phrase): float(value) for phrase, value in {**words(), **_PHRASES}.items()}
