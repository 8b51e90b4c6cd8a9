import ast
from pathlib import Path

import pytest

from pipeline.core.errors import BadInput, CatalogError, readable

ROOT = Path(__file__).parents[2]


def test_an_error_is_one_line_even_if_a_library_gave_several() -> None:
    """Airflow shows a step's last line as its reason."""
    error = CatalogError("config.json: 1 validation error\n  native_px.\n\n", remedy="Correct it")
    assert str(error) == "config.json: 1 validation error native_px. Correct it"


def test_a_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match=f"{tmp_path} cannot be read: Is a directory. Let this user read it"), readable():
        tmp_path.read_bytes()
    with pytest.raises(KeyError), readable():
        raise KeyError


def test_every_remedy_starts_with_a_capital_and_ends_without_a_full_stop() -> None:
    literals = {
        f"{path.name}:{node.value.lineno}": text
        for package in ("pipeline", "plugins", "deploy")
        for path in sorted((ROOT / package).rglob("*.py"))
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.keyword) and node.arg == "remedy" and (text := _text_of(node.value))
    }
    assert len(literals) > 100
    assert {place: text for place, text in literals.items() if text[0].islower() or text.endswith(".")} == {}


def _text_of(value: ast.expr) -> str:
    """The literal's text; that of an f-string as far as it is literal."""
    parts = value.values if isinstance(value, ast.JoinedStr) else [value]
    first = parts[0]
    return (
        "".join(str(part.value) for part in parts if isinstance(part, ast.Constant))
        if (isinstance(first, ast.Constant) and isinstance(first.value, str))
        else ""
    )
