"""Numbers from 2 to 100 as words, in English, German and French."""

from functools import cache

_EN = (
    "two three four five six seven eight nine ten eleven twelve "
    "thirteen fourteen fifteen sixteen seventeen eighteen nineteen"
)
_DE = (
    "zwei drei vier fünf sechs sieben acht neun zehn elf zwölf "
    "dreizehn vierzehn fünfzehn sechzehn siebzehn achtzehn neunzehn"
)
_FR = "deux trois quatre cinq six sept huit neuf dix onze douze treize quatorze quinze seize dix-sept dix-huit dix-neuf"
_EN_TENS = "twenty thirty forty fifty sixty seventy eighty ninety"
_DE_TENS = "zwanzig dreißig vierzig fünfzig sechzig siebzig achtzig neunzig"
_FR_TENS = "vingt trente quarante cinquante soixante"
_HUNDRED = {"hundred": 100, "hundert": 100, "einhundert": 100, "cent": 100}
MULTIPLES = {
    "double": 2, "pair": 2, "twin": 2, "duo": 2, "triple": 3, "trio": 3, "dozen": 12, "paar": 2, "dutzend": 12,
    "paire": 2, "douzaine": 12, "dozens": 24, "douzaines": 24, "doppel": 2, "dreifach": 3,
}  # fmt: skip
PAIR = frozenset({"pair", "paire", "paar"})


@cache
def words() -> dict[str, int]:
    """Every number word in lower case to its number."""
    english = _upto_nineteen(_EN)
    german = _upto_nineteen(_DE)
    french = _upto_nineteen(_FR)
    return _english(english) | _german(german) | _french(french) | _HUNDRED


def _upto_nineteen(text: str) -> dict[str, int]:
    return {word: number for number, word in enumerate(text.split(), start=2)}


def _english(small: dict[str, int]) -> dict[str, int]:
    found = dict(small)
    for ten, word in enumerate(_EN_TENS.split(), start=2):
        found[word] = ten * 10
        found |= {f"{word}-{unit}": ten * 10 + number for unit, number in {"one": 1, **small}.items() if number < 10}
    return found


def _german(small: dict[str, int]) -> dict[str, int]:
    found = dict(small)
    for ten, word in enumerate(_DE_TENS.split(), start=2):
        found[word] = ten * 10
        found |= {f"{unit}und{word}": ten * 10 + number for unit, number in {"ein": 1, **small}.items() if number < 10}
    return found


def _french(small: dict[str, int]) -> dict[str, int]:
    """Above 60, French counts on from the last score: soixante-douze, quatre-vingt-douze."""
    found = dict(small)
    for ten, word in enumerate(_FR_TENS.split(), start=2):
        found |= {word: ten * 10, f"{word} et un": ten * 10 + 1}
        found |= {f"{word}-{unit}": ten * 10 + number for unit, number in small.items() if number < 10}
    found |= {f"soixante-{unit}": 60 + number for unit, number in small.items() if number >= 10}
    found |= {"soixante et onze": 71, "quatre-vingts": 80, "quatre-vingt": 80}
    return found | {f"quatre-vingt-{unit}": 80 + number for unit, number in {"un": 1, **small}.items()}
