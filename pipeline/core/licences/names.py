"""From a licence's name to what it allows, by the index of licences in the package license-expression.

The index sorts licences by what they ask of software. What a model's licence says in its own name comes first:
`non-commercial` forbids selling, and `rail` means conditions, whatever the category.
"""

import re
from functools import cache
from typing import Any, Literal

Use = Literal["commercial", "conditional", "non-commercial", "unknown"]
"""What may be done with what a checkpoint makes: sold; sold under conditions; not sold; not known."""

FREEDOM: tuple[Use, ...] = ("non-commercial", "conditional", "unknown", "commercial")  # the strictest first
NOT_STATED = "not stated"
_NOT_FOR_SALE = re.compile(r"(?<![a-z])(non-?commercial|noncommercial|nc|research|academic|bria|insightface)(?![a-z])")
_WITH_CONDITIONS = re.compile(r"rail(?![a-z])|community|(?<![a-z])(llama|gemma|tongyi|qianwen|stability|sai)")
_FREE = frozenset({"Permissive", "Public Domain", "Copyleft", "Copyleft Limited"})  # none restricts what a model makes
_RESTRICTED = frozenset({"Proprietary Free", "Free Restricted", "Source-available", "Commercial"})
_IDLE_WORDS = re.compile(r"\b(the|software|licen[cs]e|version)\b|,")


def use_of(name: str) -> Use:
    """What a licence allows, by its name on a model card or its SPDX expression.

    Of alternatives (`OR`) the freest counts, of several that hold together (`AND`) the strictest.
    """
    from license_expression import ExpressionError, get_spdx_licensing

    try:
        parsed = get_spdx_licensing().parse(name)
    except ExpressionError:
        parsed = None
    return _named(name) if parsed is None else _parsed(parsed)


def _parsed(expression: Any) -> Use:
    operator = getattr(expression, "operator", "").strip()
    if operator in {"AND", "OR"}:
        uses = [_parsed(part) for part in expression.args]
        return (max if operator == "OR" else min)(uses, key=FREEDOM.index)
    return _named(getattr(expression, "license_symbol", expression).key)


def _named(name: str) -> Use:
    """What one licence allows; `Apache License, Version 2.0` is read as `apache-2.0`."""
    words = _IDLE_WORDS.sub(" ", name.lower().replace("_", "-")).split()
    plain = "-".join(words)
    if _NOT_FOR_SALE.search(plain):
        return "non-commercial"
    category = _categories().get(plain)
    if _WITH_CONDITIONS.search(plain) or category in _RESTRICTED:
        return "conditional"
    return "commercial" if category in _FREE else "unknown"


@cache
def _categories() -> dict[str, str]:
    """Category of every licence by its keys, in lower case: ScanCode's, SPDX's, and SPDX's former ones."""
    from license_expression import get_license_index

    found: dict[str, str] = {}
    for entry in get_license_index():
        keys = (entry["license_key"], entry.get("spdx_license_key"), *entry.get("other_spdx_license_keys", ()))
        found |= {str(key).lower(): entry["category"] for key in keys if key}
    return found
