"""Reads quantities as shops write them (`350 ml`, `1,5 l`, `10 x 9 cm`), and writes them through Babel."""

import re
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Literal

from babel.dates import format_date
from babel.numbers import format_decimal
from babel.units import format_unit

from pipeline.language.lexicon.words import Language

NUMBER = r"\d{1,12}(?:[.,]\d{1,12})?"  # a longer one is a serial number: no quantity, and printed as it stands
GROUPED: dict[Language, re.Pattern[str]] = {  # thousands as the language writes them
    "en": re.compile(r"[1-9]\d{0,2},\d{3}"),
    "de": re.compile(r"[1-9]\d{0,2}\.\d{3}"),
    "fr": re.compile(r"[1-9]\d{0,2}\.\d{3}"),
}
PART = re.compile(rf"^({NUMBER})\s*(.*)$")
ACROSS = re.compile(r"\s*(?:x|×|\bby\b|\bmal\b)\s*", re.IGNORECASE)
RANGE = re.compile(rf"^({NUMBER})\s*(?:-|–|to|bis|à)\s*({NUMBER}.*)$", re.IGNORECASE)
AGE = re.compile(
    r"^(?:from|ab|dès|à partir de|de)?\s*(\d{1,3})\s*(?:\+|\bplus\b)?\s*([^\W\d]*)\s*(?:\+|and up|plus)?$", re.I
)


@dataclass(frozen=True)
class Unit:
    """`symbol`: written the same in every language; else `cldr` names the unit whose words Babel knows."""

    kind: str
    symbol: str = ""
    cldr: str = ""


@dataclass(frozen=True)
class Quantity:
    """Numbers as written, what joins them (`×` or an en dash), and their unit."""

    numbers: tuple[str, ...]
    joiner: str
    unit: Unit | None

    @property
    def kind(self) -> str:
        """What it measures (`volume`, `length` ...); `count` without a unit."""
        return self.unit.kind if self.unit else "count"

    def text(self, language: Language) -> str:
        """`1.5 l`, `1,5 l`, `10 × 9 cm`, `30 Stunden`."""
        written = self.joiner.join(number_text(number, language) for number in self.numbers)
        if self.unit is None:
            return written
        if self.unit.symbol:
            return f"{written} {self.unit.symbol}".replace(" %", "%" if language == "en" else " %")
        length: Literal["short", "long"] = "short" if self.unit.kind == "length" and language == "en" else "long"
        value = Decimal(self.numbers[-1].replace(",", "."))
        last = format_unit(value, self.unit.cldr, length, format="0.###", locale=language)
        return f"{written} {re.sub(rf'^{NUMBER}', '', last).strip()}"


def _units() -> dict[str, Unit]:
    symbols = {
        "volume": "ml cl dl l", "mass": "mg g kg lb oz", "length": "mm cm m km", "power": "W kW", "voltage": "V",
        "torque": "Nm", "light": "lm",
        "other": "mAh Ah Wh kWh K Hz kHz MHz dB bar kB MB GB TB °C % km/h N g/m² ATM A mA Ω Mbit/s MP dpi min/km",
    }  # fmt: skip
    units = {symbol: Unit(kind, symbol) for kind, names in symbols.items() for symbol in names.split()}
    spelled = {
        "ml": "milliliter millilitre millilitres Milliliter", "cl": "centiliter centilitre centilitres Zentiliter",
        "l": "liter litre liters litres Liter", "g": "gram grams Gramm gramme grammes gr",
        "kg": "kilogram kilograms Kilogramm kilogramme kilogrammes kilo kilos", "lb": "lbs pound pounds Pfund",
        "oz": "ounce ounces Unzen", "mm": "millimetre millimetres Millimeter millimètres",
        "cm": "centimetre centimetres centimeter Zentimeter centimètres", "m": "metre metres meter meters Meter mètres",
        "W": "watt watts", "V": "volt volts", "lm": "lumen lumens", "ATM": "atm", "mAh": "mah", "°C": "°c",
    }  # fmt: skip
    units |= dict.fromkeys(("fl_oz", "fl.oz", "floz"), Unit("volume", "fl oz"))
    for symbol, names in spelled.items():
        units |= {name.casefold(): units[symbol] for name in names.split()}
    worded = {
        ("length", "length-inch"): 'in in. inch inches " ″ zoll pouce pouces',
        ("length", "length-foot"): "ft foot feet fuß pied pieds",
        ("time", "duration-hour"): "h hr hrs hour hours std stunde stunden heure heures",
        ("time", "duration-minute"): "min minute minutes minuten",
        ("time", "duration-day"): "day days tag tage tagen jour jours",
        ("time", "duration-week"): "week weeks woche wochen semaine semaines",
        ("time", "duration-month"): "month months mth mo monat monate monaten mois",
        ("time", "duration-year"): "year years yr yrs y jahr jahre jahren an ans année années",
    }
    for (kind, cldr), names in worded.items():
        units |= {name: Unit(kind, cldr=cldr) for name in names.split()}
    return units


UNITS = _units()
YEARS = UNITS["years"]


def unit_of(text: str) -> Unit | None:
    """The unit that `text` names; its case counts only where two units differ by it."""
    name = text.strip().replace("fl oz", "fl_oz")
    return UNITS.get(name) or UNITS.get(name.casefold())


def read_quantity(text: str, source: Language = "en") -> Quantity | None:
    """The quantity that `text` is, or None. `source`: its language, which tells thousands from decimals."""
    found = RANGE.match(text.strip())
    parts, joiner = ([found[1], found[2]], "–") if found else (ACROSS.split(text.strip()), " × ")
    numbers, units = [], []
    for part in parts:
        match = PART.match(part.strip())
        if match is None:
            return None
        grouped = GROUPED[source].fullmatch(match[1])
        numbers.append(re.sub(r"[.,]", "", match[1]) if grouped else match[1])
        if match[2].strip():
            unit = unit_of(match[2])
            if unit is None:
                return None
            units.append(unit)
    if len(set(units)) > 1 or len(units) not in {0, 1, len(numbers)}:
        return None
    return Quantity(tuple(numbers), joiner, units[0] if units else None)


def read_age(text: str) -> Quantity | None:
    """The least age of `3+`, `from 3 years`, `ab 6 Monaten`; years without a unit."""
    match = AGE.match(text.strip())
    if match is None:
        return None
    unit = unit_of(match[2]) if match[2] else YEARS
    return Quantity((match[1],), "", unit) if unit and unit.kind == "time" else None


def number_text(number: str, language: Language) -> str:
    """A number with the decimal mark of `language`, without separators between thousands."""
    _, _, decimals = number.replace(",", ".").partition(".")
    pattern = f"0.{'0' * len(decimals)}" if decimals else "0"
    return format_decimal(Decimal(number.replace(",", ".")), pattern, locale=language, group_separator=False)


def date_text(text: str, language: Language) -> str | None:
    """An ISO date as `language` writes it: 3 May 2021, 3. Mai 2021, 3 mai 2021. None if `text` is no date."""
    try:
        day = date.fromisoformat(text.strip())
    except ValueError:
        return None
    return format_date(day, "long", locale="en_GB" if language == "en" else language)


def dative(text: str, language: Language) -> str:
    """A German quantity after a preposition: 3 Jahre becomes 3 Jahren."""
    return re.sub(r"\b(Jahre|Monate|Tage)$", r"\1n", text) if language == "de" else text
