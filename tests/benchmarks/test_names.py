"""Every name that a benchmark imports exists: nothing else would notice until the benchmark is run again."""

import ast
from collections.abc import Iterable, Iterator
from importlib.util import find_spec
from pathlib import Path

import pytest

FILES = sorted((Path(__file__).parents[2] / "benchmarks").glob("*.py"))
OURS = ("benchmarks", "deploy", "pipeline", "tests")


def imported(file: Path) -> Iterator[tuple[str, str]]:
    """The modules of the project that a file imports names from, and those names."""
    for node in ast.walk(ast.parse(file.read_text())):
        if isinstance(node, ast.ImportFrom) and node.module and node.module.partition(".")[0] in OURS:
            yield from ((node.module, alias.name) for alias in node.names)


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_what_a_benchmark_imports_is_there(file: Path) -> None:
    wrong = [f"{module}.{name}" for module, name in imported(file) if not is_there(module, name)]
    assert wrong == []


def is_there(module: str, name: str) -> bool:
    """Whether the module's source has the name, or the package a module of this name. Nothing heavy is loaded."""
    spec = find_spec(module)
    assert spec is not None, module
    source = Path(spec.origin).read_text() if spec.origin else ""  # a folder without __init__.py has none
    return name in names(ast.parse(source)) or is_module(spec.submodule_search_locations, name)


def names(tree: ast.Module) -> set[str]:
    """What a module's own statements define or import, and not what their bodies do."""
    found = set()
    for node in tree.body:
        match node:
            case ast.FunctionDef() | ast.ClassDef():
                found.add(node.name)
            case ast.Import() | ast.ImportFrom():
                found |= {alias.asname or alias.name for alias in node.names}
            case ast.Assign() | ast.AnnAssign():
                targets = node.targets if isinstance(node, ast.Assign) else [node.target]
                found |= {each.id for target in targets for each in ast.walk(target) if isinstance(each, ast.Name)}
            case _:
                found |= {each.id for each in ast.walk(node) if isinstance(each, ast.Name)}
    return found


def is_module(folders: Iterable[str] | None, name: str) -> bool:
    """Whether a package's folders have a module or a package of this name."""
    return any(Path(folder, f"{name}.py").exists() or Path(folder, name).is_dir() for folder in folders or ())
