import pytest
from pydantic import TypeAdapter, ValidationError

from pipeline.core.typed_text import Line, Paragraph, hidden_character


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("Blue \u202exob", "U+202E (RIGHT-TO-LEFT OVERRIDE)"),
        ("a\u200bb", "U+200B (ZERO WIDTH SPACE)"),
        ("a\u200db", "U+200D (ZERO WIDTH JOINER)"),
        ("a\u00adb", "U+00AD (SOFT HYPHEN)"),
        ("\u2800", "U+2800 (BRAILLE PATTERN BLANK)"),
        ("\ud800", "U+D800"),
        ("\x7f", "U+007F"),
        ("a\rb", "U+000D"),
        ("👩\u200d🍳", None),
        ("\u0645\u06cc\u200c\u062e\u0648", None),  # Persian
        ("two\nlines\tand a tab", None),
    ],
)
def test_the_first_invisible_character_is_named(text: str, found: str | None) -> None:
    assert hidden_character(text) == found


@pytest.mark.parametrize("blank", ["", " ", "\n", "\u00a0", "\u3000", "\u0301"])
def test_blank_text_is_no_text(blank: str) -> None:
    for kind in (Line, Paragraph):
        with pytest.raises(ValidationError):
            TypeAdapter(kind).validate_python(blank)


def test_only_a_paragraph_has_line_breaks() -> None:
    assert TypeAdapter(Paragraph).validate_python("a\nb\n") == "a\nb"
    assert TypeAdapter(Line).validate_python(" a\n") == "a"
    with pytest.raises(ValidationError):
        TypeAdapter(Line).validate_python("a\nb")
