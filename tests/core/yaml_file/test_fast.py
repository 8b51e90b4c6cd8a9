"""libyaml's parser and PyYAML's own: what the first accepts, the second reads in the same way."""

import random
from pathlib import Path
from typing import Any

import pytest
import yaml

from pipeline.core.errors import BadInput
from pipeline.core.yaml_file import nodes

SAMPLES = sorted((Path(__file__).parents[3] / "examples").rglob("shoot.yaml"))
PARTS = [
    "a", "b: ", "- ", "\n", "\n  ", "\n    ", ": ", "{", "}", "[", "]", ", ", "'", '"', "#", " #", "|", "|\n", "|2-\n",
    ">\n", ">-", "&a ", "*a", "!x ", "!!str ", "~", "null", "12", "1.5", "yes", "? ", "%", "---", "...", "\n---\n",
    "é", "\u2028", "\x85", "\r\n", "\r", "\t", "\\n", "@", "`", "<<: ", "a:b", "-1", " ", "\x0b", "\ufeff", "100% x",
]  # fmt: skip


def read(text: str, loader: Any) -> Any:
    """The tree of a text with tags, values, lines and quotes, or None if it is refused."""
    try:
        root = nodes._composed(text, Path("x.yaml"), loader)
    except (yaml.YAMLError, BadInput):
        return None
    return ("root", tree(root))


def tree(node: yaml.Node | None) -> Any:
    if node is None:
        return None
    own = (node.tag, nodes.line_of(node))
    if isinstance(node, yaml.ScalarNode):
        return (*own, node.value, bool(node.style))
    children = (child if isinstance(child, tuple) else (child,) for child in node.value)
    return (*own, [tuple(map(tree, child)) for child in children])


def mixed(source: random.Random) -> str:
    """A text of YAML's parts at random, or some lines of a sample with a few of them in it."""
    if source.random() < 0.5:
        return "".join(source.choice(PARTS) for _ in range(source.randint(1, 14)))
    lines = source.choice(SAMPLES).read_text().splitlines(keepends=True)
    first = source.randrange(len(lines))
    text = "".join(lines[first : first + 6])
    for _ in range(source.randint(1, 3)):
        at = source.randrange(len(text) + 1)
        text = text[:at] + source.choice(PARTS) + text[at + source.randint(0, 2) :]
    return text


@pytest.mark.parametrize("seed", range(4))
def test_both_parsers_read_the_same(seed: int) -> None:
    source, accepted = random.Random(seed), 0
    for text in (mixed(source) for _ in range(600)):
        if nodes._UNSURE.search(text) or (fast := read(text, nodes._FastLoader)) is None:
            continue
        accepted += 1
        assert fast == read(text, nodes._Loader), repr(text)
    assert accepted > 50


@pytest.mark.parametrize("path", SAMPLES, ids=lambda path: path.parent.name)
def test_samples_are_read_by_the_fast_parser_and_alike(path: Path) -> None:
    text = path.read_text()
    assert not nodes._UNSURE.search(text)
    assert read(text, nodes._FastLoader) == read(text, nodes._Loader) is not None


def test_what_the_fast_parser_refuses_is_told_by_the_other() -> None:
    with pytest.raises(BadInput, match=r"x\.yaml: line 2 is not YAML: text that holds `: ` needs quotes"):
        nodes.compose(b"a: 1\nb: c: d\n", Path("x.yaml"))


def test_nesting_that_would_overflow_the_stack_is_refused_first() -> None:
    with pytest.raises(BadInput, match="nested deeper"):
        nodes.compose(b"[" * 500_000, Path("x.yaml"))
