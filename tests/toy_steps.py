"""The toy stages of tests/dags/toy within one test: the graph, the store and the catalog stay real."""

import importlib
import importlib.util
from functools import cache
from pathlib import Path
from types import ModuleType

import pytest

TOY = Path(__file__).parent / "dags" / "toy" / "toy_stage.py"


@cache
def toy_module(name: str) -> ModuleType:
    """The toy for the stage's module `name`."""
    spec = importlib.util.spec_from_file_location(name, TOY)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def toy_stages(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every step's stage is a toy."""
    monkeypatch.setattr("pipeline.plan.import_module", toy_module)
