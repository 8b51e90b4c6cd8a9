"""Pins every stage's version to its code, so that results change only together with a version.

The digest covers the stage's module and every engine module that it reaches, without comments and docstrings. When this
test fails, raise the version if the same request could now give another result, then run
`python -m tests.stages.test_versions`.
"""

import ast
import hashlib
import json
from importlib import import_module
from pathlib import Path
from pkgutil import walk_packages

import pytest

from pipeline.contract.stage import AnyStage, Stage
from pipeline.plan import STEPS, stage_of

ROOT = Path(__file__).parents[2]
PINNED = Path(__file__).with_name("versions.json")
ENGINES = ("imaging", "splatting", "posing", "diffusion", "language", "similarity", "stages", "core")
NOT_PIXELS = {"pipeline.diffusion.training.train"}


def module_path(name: str) -> Path | None:
    path = ROOT / Path(*name.split("."))
    file = path.with_suffix(".py") if path.with_suffix(".py").exists() else path / "__init__.py"
    return file if file.exists() else None


def imports_of(tree: ast.AST) -> set[str]:
    names: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            names |= {node.module} | {f"{node.module}.{alias.name}" for alias in node.names}
    prefixes = tuple(f"pipeline.{package}." for package in ENGINES)
    return {name for name in names if name.startswith(prefixes) and module_path(name) and name not in NOT_PIXELS}


def code_of(path: Path) -> ast.Module:
    tree = ast.parse(path.read_text())
    for node in ast.walk(tree):
        body = getattr(node, "body", None)
        if (
            isinstance(body, list)
            and body
            and isinstance(body[0], ast.Expr)
            and isinstance(body[0].value, ast.Constant)
        ):
            node.body = body[1:]  # type: ignore[attr-defined]
    return tree


def source_digest(module: str) -> str:
    seen: dict[str, str] = {}
    todo = [module]
    while todo:
        name = todo.pop()
        path = module_path(name)
        if name in seen or path is None:
            continue
        tree = code_of(path)
        seen[name] = ast.dump(tree)
        todo.extend(imports_of(tree))
    return hashlib.sha256(json.dumps(seen, sort_keys=True).encode()).hexdigest()


def stages_in(step: str) -> list[AnyStage]:
    package = import_module(f"pipeline.stages.{step}")
    inside = [name for _, name, _ in walk_packages(getattr(package, "__path__", ()), f"{package.__name__}.")]
    modules = [package, *map(import_module, inside)]  # the item stages of a package are in modules of their own
    return [value for module in modules for value in vars(module).values() if isinstance(value, Stage)]


def versions(step: str) -> dict[str, object]:
    stages = {stage.name: stage.version for stage in stages_in(step)}
    return {"versions": dict(sorted(stages.items())), "source": source_digest(f"pipeline.stages.{step}")}


@pytest.mark.parametrize("step", STEPS)
def test_a_stage_changes_only_with_its_version(step: str) -> None:
    assert stage_of(step).version >= 1
    pinned = json.loads(PINNED.read_text())
    assert versions(step) == pinned.get(step), f"{step} changed: raise its version if results may differ; see this file"


@pytest.mark.parametrize("step", STEPS)
def test_an_item_stage_is_named_after_its_step(step: str) -> None:
    assert [name for name in versions(step)["versions"] if name != step and not name.startswith(f"{step}_")] == []


if __name__ == "__main__":
    PINNED.write_text(json.dumps({step: versions(step) for step in STEPS}, indent=1) + "\n")
