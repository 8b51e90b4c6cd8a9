from pathlib import Path

import pytest

from pipeline.core.errors import BadInput, CatalogError, readable


def test_an_error_is_one_line_even_if_a_library_gave_several() -> None:
    """Airflow shows a step's last line as its reason."""
    error = CatalogError("config.json: 1 validation error\n  native_px.\n\n", remedy="Correct it")
    assert str(error) == "config.json: 1 validation error native_px. Correct it"


def test_a_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match=f"{tmp_path} cannot be read: Is a directory. Let this user read it"), readable():
        tmp_path.read_bytes()
    with pytest.raises(KeyError), readable():
        raise KeyError
