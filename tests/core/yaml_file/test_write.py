from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from pipeline.core.yaml_file.nodes import compose, value_of
from pipeline.core.yaml_file.write import one_line

FILLERS = "\u2800\u3164\u034f\u115f\u1160\u17b4\u17b5\uffa0"
TEXT = st.text(st.characters(exclude_categories=["C", "Zl", "Zp"], exclude_characters=FILLERS))


def read(text: str) -> Any:
    return value_of(compose(f"value: {text}".encode(), Path("x.yaml")))["value"]


@given(TEXT | st.from_regex(r"[-+]?[0-9.eE:_]{1,9}", fullmatch=True) | st.sampled_from(["no", "~", "<<", "2024-03-01"]))
def test_text_comes_back_as_the_same_text(text: str) -> None:
    assert read(one_line(text)) == text
    assert yaml.safe_load(one_line(text)) == text


@pytest.mark.parametrize("value", [0, -45, 22.5, True, None, {"a": "no", "b": 1}, ("1", 2)])
def test_values_come_back_as_the_same_values(value: Any) -> None:
    assert read(one_line(list(value) if isinstance(value, tuple) else value)) == value
