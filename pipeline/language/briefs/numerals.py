"""Numbers from 2 to 100 in English, German and French words, and a few fractions."""

from functools import cache

_EN = "two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen"
_TEENS_EN = "seventeen eighteen nineteen"
_DE = "zwei drei vier funf sechs sieben acht neun zehn elf zwolf dreizehn vierzehn funfzehn sechzehn"
_TEENS_DE = "siebzehn achtzehn neunzehn"
_FR = "deux trois quatre cinq six sept huit neuf dix onze douze treize quatorze quinze seize"
_TENS_EN = "twenty thirty forty fifty sixty seventy eighty ninety"
_TENS_DE = "zwanzig dreissig vierzig funfzig sechzig siebzig achtzig neunzig"
_TENS_FR = {20: "vingt", 30: "trente", 40: "quarante", 50: "cinquante", 60: "soixante", 80: "quatre vingt"}
_ROUND: dict[str, float] = {
    "hundred": 100,
    "one hundred": 100,
    "a hundred": 100,
    "hundert": 100,
    "einhundert": 100,
    "cent": 100,
}
_ROUND |= {"three hundred sixty": 360, "three hundred and sixty": 360, "dreihundertsechzig": 360}
_ROUND |= {"half": 0.5, "half a": 0.5, "halbe": 0.5, "halben": 0.5, "halber": 0.5, "demi": 0.5}
_ROUND |= {
    "third of a": 1 / 3,
    "drittel": 1 / 3,
    "tiers de": 1 / 3,
    "one": 1,
    "one and a half": 1.5,
    "anderthalb": 1.5,
}

_ROUND |= dict.fromkeys(("two thirds of a", "two thirds", "zwei drittel", "deux tiers de"), 2 / 3)
_ROUND |= dict.fromkeys(("one third of a", "one third", "ein drittel", "un tiers de"), 1 / 3)
_ROUND |= dict.fromkeys(("quarter of a", "viertel", "quart de"), 0.25)


@cache
def numerals() -> dict[tuple[str, ...], float]:
    """The words of each number, in lower case and without accents, to the number."""
    found = {**_english(), **_german(), **_french(), **_ROUND}
    return {tuple(words.split()): float(value) for words, value in found.items()}


def _english() -> dict[str, float]:
    small = {word: value for value, word in enumerate(f"{_EN} {_TEENS_EN}".split(), 2)}
    tens = {word: value for value, word in zip(range(20, 100, 10), _TENS_EN.split(), strict=True)}
    units = {"one": 1, **{word: value for word, value in small.items() if value < 10}}
    joined = {f"{ten} {unit}": tens[ten] + units[unit] for ten in tens for unit in units}
    return {**small, **tens, **joined}


def _german() -> dict[str, float]:
    small = {word: value for value, word in enumerate(f"{_DE} {_TEENS_DE}".split(), 2)}
    tens = {word: value for value, word in zip(range(20, 100, 10), _TENS_DE.split(), strict=True)}
    units = {"ein": 1, **{word: value for word, value in small.items() if value < 10}}
    joined = {f"{unit}und{ten}": tens[ten] + units[unit] for ten in tens for unit in units}
    return {**small, **tens, **joined}


def _french() -> dict[str, float]:
    small = {word: value for value, word in enumerate(_FR.split(), 2)}
    teens = {**{word: value for word, value in small.items() if value >= 10}, "un": 1}
    teens |= {"dix sept": 17, "dix huit": 18, "dix neuf": 19, **{w: v for w, v in small.items() if v < 10}}
    joined = {}
    for ten, word in _TENS_FR.items():
        most = 20 if ten in {60, 80} else 10
        for unit, value in teens.items():
            if value < most:
                joined[f"{word} et {unit}" if value in {1, 11} and ten != 80 else f"{word} {unit}"] = ten + value
    tens = {word: ten for ten, word in _TENS_FR.items()} | {"quatre vingts": 80}
    return {**{word: value for word, value in teens.items() if value > 1}, **tens, **joined}
