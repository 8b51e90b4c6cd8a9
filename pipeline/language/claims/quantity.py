"""Numbers with and without units in a text, so that `0.35 l` supports `350 ml`."""

import re
from collections.abc import Iterator
from typing import NamedTuple

from pipeline.language.numerals import MULTIPLES, words

TOLERANCE = 0.02  # converted values are rounded
UNITS: dict[str, tuple[str, float]] = {}
_TABLE = """
length 0.001 mm millimetre millimetres millimeter millimeters millimètre millimètres
length 0.01 cm centimetre centimetres centimeter centimeters zentimeter centimètre centimètres
length 1 m metre metres meter meters mètre mètres
length 0.0254 in inch inches zoll pouce pouces "
length 0.3048 ft foot feet fuß pied pieds
volume 0.001 ml millilitre millilitres milliliter milliliters
volume 0.01 cl centilitre centilitres
volume 1 l litre litres liter liters
volume 0.0295735 floz fl-oz
volume 0.473176 pint pints
mass 0.001 mg milligram milligrams
mass 1 g gram grams gramm gramme grammes
mass 1000 kg kilogram kilograms kilo kilos kilogramm kilogramme kilogrammes
mass 28.3495 oz ounce ounces unze unzen once onces
mass 453.592 lb lbs pound pounds pfund livre livres
power 1 w watt watts
power 1000 kw kilowatt
voltage 1 v volt volts
charge 1 mah
charge 1000 ah
energy 1 wh
energy 1000 kwh
time 1 s second seconds sekunde sekunden seconde secondes
time 60 min minute minutes minuten
time 3600 h hour hours hr hrs stunde stunden heure heures
time 86400 day days tag tage tagen jour jours
time 2592000 month months monat monate monaten mois
time 31557600 year years yr yrs jahr jahre jahren an ans année années
temperature 1 °c celsius
fahrenheit 1 °f fahrenheit
percent 1 % percent prozent pour-cent
light 1 lm lumen lumens
kelvin 1 k kelvin
pressure 1 bar bars
data 1 gb
data 1000 tb
data 0.001 mb
frequency 1 hz
frequency 1000 khz
sound 1 db
density 1 g/m² gsm
density 0.01 den denier
pixel 1 mp megapixel megapixels
"""
for _line in _TABLE.strip().splitlines():
    _dimension, _factor, *_names = _line.split()
    UNITS |= {name: (_dimension, float(_factor)) for name in _names}
_NUMBER = r"\d{1,3}(?:[ \u00a0\u202f.,']\d{3})+(?!\d)(?:[.,]\d+)?|\d+(?:[.,]\d+)?"
_UNIT = "|".join(sorted((re.escape(name).replace(r"\-", r"[\s-]?") for name in UNITS), key=len, reverse=True))
_DIGITS = re.compile(
    rf"(?<![\w.,])(?P<number>{_NUMBER})(?:[\s\u00a0\u202f-]?(?P<unit>fl\.?\s?oz|{_UNIT})(?![\w]))?", re.IGNORECASE
)
_TIMES = re.compile(rf"(?P<number>{_NUMBER})\s*(?=[x\u00d7]\s*\d)", re.IGNORECASE)
_WORD = "|".join(sorted([*words(), *MULTIPLES], key=len, reverse=True))
_LONG_UNIT = "|".join(sorted((name for name in UNITS if len(name) > 2 and name.isalpha()), key=len, reverse=True))
_SET = r"(?:er)?[\s-]?(?:set|pack|packung|box|serie|bund)|-?teilig(?:e[rsnm]?)?"  # German: Sechserset, zwölfteilig
_SPELLED = re.compile(
    rf"\b(?P<number>{_WORD})(?:[\s\u00a0-](?P<unit>{_LONG_UNIT})\b|(?:{_SET})\b|\b)",
    re.IGNORECASE,
)


class Quantity(NamedTuple):
    """A number in a text. `values`: its readings in the dimension's base unit (`1.500` may be 1.5 or 1500).

    `dimension`: `count` without a unit.
    """

    dimension: str
    values: tuple[float, ...]
    words: str
    start: int
    end: int

    def equals(self, other: "Quantity") -> bool:
        """Whether both may say the same, up to the rounding of a conversion; a count must be equal."""
        if self.dimension != other.dimension:
            return False
        tolerance = 0.0 if self.dimension in {"count", "percent"} else TOLERANCE
        return any(abs(a - b) <= tolerance * max(abs(a), abs(b)) + 1e-9 for a in self.values for b in other.values)


def quantities(text: str) -> Iterator[Quantity]:
    """Every number in `text`: `350 ml`, `9 x 9 x 10 cm` (each with the last one's unit), `set of 4`, `three`."""
    following: dict[int, str] = {}
    found = list(_DIGITS.finditer(text))
    unit = ""
    for match in reversed(found):
        unit = match["unit"] or (unit if _TIMES.match(text, match.start()) else "")
        following[match.start()] = unit
    for match in found:
        yield _quantity(match, _canonical(following[match.start()]))
    for match in _SPELLED.finditer(text):
        if any(match.start() < other.end() and other.start() < match.end() for other in found):
            continue  # the cent of 10 pour cent
        word = match["number"].lower()
        number = float(words().get(word, MULTIPLES.get(word, 0)))
        dimension, factor = UNITS.get((match["unit"] or "").lower(), ("count", 1.0))
        yield Quantity(dimension, (number * factor,), match[0], *match.span())


def _canonical(unit: str) -> str:
    lowered = re.sub(r"[\s.]", "", unit.lower())
    return lowered if lowered in UNITS else re.sub(r"\s", "-", unit.lower())


def _quantity(match: re.Match[str], unit: str) -> Quantity:
    dimension, factor = UNITS.get(unit, ("count", 1.0))
    values = tuple(sorted({value * factor for value in _readings(match["number"])}))
    return Quantity(dimension, values, match[0].strip(), *match.span())


def _readings(number: str) -> set[float]:
    """What a number may mean: a separator before three digits groups thousands or begins a fraction."""
    plain = re.sub(r"[ \u00a0\u202f']", "", number)
    readings = set()
    if re.fullmatch(r"\d{1,3}(?:[.,]\d{3})+", plain):
        readings.add(float(re.sub(r"[.,]", "", plain)))
    *whole, last = re.split(r"[.,]", plain)
    readings.add(float(f"{''.join(whole)}.{last}") if whole else float(last))
    return readings
