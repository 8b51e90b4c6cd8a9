"""YAML text to nodes, which know their lines, and nodes to values.

Plain values follow the core schema of YAML 1.2, where `no` is text and `045` is 45. Two things of YAML 1.1 remain:
merge keys (`<<`), and dates, which are kept apart from text, because other readers of the file take them for dates.
"""

import re
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from pipeline.core.errors import BadInput
from pipeline.core.typed_text import hidden_character
from pipeline.core.yaml_file.text import decoded, syntax_error, unquoted_hash

MAX_BYTES = 1_000_000
MAX_DEPTH = 20
MAX_VALUES = 20_000
_TAG = "tag:yaml.org,2002:"
NULL, BOOL, INT, FLOAT, DATE, TEXT, MERGE = (
    f"{_TAG}{kind}" for kind in ("null", "bool", "int", "float", "timestamp", "str", "merge")
)
NUMBER = re.compile(r"^[-+]?(?:\.[0-9]{1,400}|[0-9]{1,400}(?:\.[0-9]{0,400})?)(?:[eE][-+]?[0-9]{1,4})?$")
PLAIN_VALUES = {  # by tag: what a value without quotes looks like, and the characters it may start with
    NULL: (re.compile(r"^(?:~|null|Null|NULL|)$"), ["~", "n", "N", ""]),
    BOOL: (re.compile(r"^(?:true|True|TRUE|false|False|FALSE)$"), list("tTfF")),
    INT: (re.compile(r"^[-+]?[0-9]{1,400}$"), list("-+0123456789")),
    FLOAT: (
        re.compile(rf"{NUMBER.pattern}|^[-+]?\.(?:inf|Inf|INF)$|^\.(?:nan|NaN|NAN)$"),
        list("-+.0123456789"),
    ),
    DATE: (re.compile(r"^[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}(?:[Tt \t][0-9:.Zz+\- ]*)?$"), list("0123456789")),
    MERGE: (re.compile(r"^<<$"), ["<"]),
}


class _Loader(yaml.SafeLoader):
    yaml_implicit_resolvers: dict[str, Any] = {}


for _tag, (_pattern, _starts) in PLAIN_VALUES.items():
    _Loader.add_implicit_resolver(_tag, _pattern, _starts)


class _FastLoader(yaml.CSafeLoader):
    """libyaml's parser, some thirty times as fast. It accepts more than `_Loader`, and its errors say less."""

    yaml_implicit_resolvers = _Loader.yaml_implicit_resolvers


_Loaders = type[_Loader] | type[_FastLoader]
_UNSURE = re.compile(  # where the two differ
    r"[\t?\x85\u2028\u2029\ufeff]|\r(?!\n)|^(?:---|\.\.\.|%)|[|>][-+0-9]*#|[-:,\[{][ \r]*\n\s*[,}\]]", re.MULTILINE
)


@dataclass(frozen=True)
class Date:
    """A value that looks like a date: neither text nor a number."""

    written: str


def line_of(node: yaml.Node) -> int:
    """The number of a node's line, from 1."""
    return int(node.start_mark.line) + 1


def compose(data: bytes, path: Path) -> yaml.Node | None:
    """Return the root node of a YAML file, None for an empty one.

    Raises BadInput that names the line: another encoding, text that is not YAML, a doubled key, a tag, an invisible
    character, excessive nesting, or aliases that multiply values.
    """
    if len(data) > MAX_BYTES:
        raise BadInput(f"{path} has {len(data)} bytes", remedy=f"Keep it below {MAX_BYTES}")
    text = decoded(data, path)
    if not _UNSURE.search(text):
        with suppress(yaml.YAMLError, BadInput):  # what is wrong, the other parser says
            return _composed(text, path, _FastLoader)
    try:
        return _composed(text, path, _Loader)
    except yaml.YAMLError as error:
        raise syntax_error(error, text, path) from None


def _composed(text: str, path: Path, loader: _Loaders) -> yaml.Node | None:
    _refuse_bombs(text, path, loader)
    root: yaml.Node | None = loader(text).get_single_node()
    if root is not None:
        _check(root, text, path)
    return root


def entries(node: yaml.MappingNode) -> dict[str, yaml.Node]:
    """The values of a mapping by key, with those of its merge keys below its own."""
    merged: dict[str, yaml.Node] = {}
    own: dict[str, yaml.Node] = {}
    for key, value in node.value:
        if key.tag == MERGE:
            for source in value.value if isinstance(value, yaml.SequenceNode) else [value]:
                merged = {**entries(source), **merged}
        else:
            own[key.value] = value
    return {**merged, **own}


def value_of(node: yaml.Node | None) -> Any:
    """The value of a node: dict with text keys, tuple, str, int, float, bool, None or Date."""
    if node is None:
        return None
    if isinstance(node, yaml.MappingNode):
        return {key: value_of(value) for key, value in entries(node).items()}
    if isinstance(node, yaml.SequenceNode):
        return tuple(value_of(value) for value in node.value)
    return _SCALARS.get(node.tag, str)(node.value)


_SCALARS: dict[str, Callable[[str], Any]] = {
    NULL: lambda _: None,
    BOOL: lambda written: written.lower() == "true",
    INT: int,
    FLOAT: lambda written: float(re.sub(r"\.(?=inf|nan)", "", written.lower())),
    DATE: Date,
}


def _check(root: yaml.Node, text: str, path: Path) -> None:
    """Raise BadInput for the first doubled key, unknown tag, invisible character or `#value` below `root`."""
    for node in _walk(root, set()):
        where = f"{path}: line {line_of(node)}"
        if isinstance(node, yaml.ScalarNode):
            in_quotes = unquoted_hash(text, line_of(node), line_of(node)) if node.tag == NULL else None
            if in_quotes:
                raise BadInput(
                    f"{where}: the value is missing, because # starts a comment", remedy=f"Quote it: `{in_quotes}`"
                )
            if node.tag != TEXT and not (node.tag in PLAIN_VALUES and PLAIN_VALUES[node.tag][0].match(node.value)):
                raise BadInput(f"{where}: {node.value[:40]!r} has the tag {_short(node)}", remedy="Remove the tag")
            hidden = hidden_character(node.value)
            if hidden:
                before = node.value.split(chr(int(hidden.split()[0][2:], 16)))[0]
                after = f" after {before[-20:]!r}" if before else ""
                raise BadInput(f"{where} has the invisible character {hidden}{after}", remedy="Remove it")
        elif node.tag not in {f"{_TAG}map", f"{_TAG}seq"}:
            raise BadInput(f"{where} has the tag {_short(node)}", remedy="Remove the tag")
        elif isinstance(node, yaml.MappingNode):
            _check_keys(node, path)


def _short(node: yaml.Node) -> str:
    return str(node.tag).replace(_TAG, "!!")[:80]


def _check_keys(node: yaml.MappingNode, path: Path) -> None:
    first: dict[str, int] = {}
    for key, value in node.value:
        where = f"{path}: line {line_of(key)}"
        if not isinstance(key, yaml.ScalarNode):
            raise BadInput(
                f"{where} is not YAML of fields: a name is a list or a mapping", remedy="Write `name: value`"
            )
        sources = value.value if isinstance(value, yaml.SequenceNode) else [value]
        if key.tag == MERGE and not all(isinstance(source, yaml.MappingNode) for source in sources):
            raise BadInput(f"{where}: << merges something that is not a mapping", remedy="Write the fields out")
        if key.value in first:
            raise BadInput(
                f"{where}: {key.value!r} is given twice, first in line {first[key.value]}", remedy="Remove one of them"
            )
        first[key.value] = line_of(key)


def _walk(node: yaml.Node, seen: set[int]) -> Iterator[yaml.Node]:
    """Every node once, keys included, in the order of the file."""
    if id(node) in seen:
        return
    seen.add(id(node))
    yield node
    if isinstance(node, yaml.CollectionNode):
        for child in node.value:
            for part in child if isinstance(child, tuple) else (child,):
                yield from _walk(part, seen)


def _refuse_bombs(text: str, path: Path, loader: _Loaders) -> None:
    """Raise BadInput for aliases that multiply values or contain themselves, and for excessive nesting."""
    sizes: dict[str, int] = {}  # by anchor: number of values when expanded
    counts, anchors = [0], [""]  # of each open list or mapping
    for event in yaml.parse(text, Loader=loader):
        line = f"{path}: line {event.start_mark.line + 1}" if event.start_mark else str(path)
        if isinstance(event, yaml.CollectionStartEvent):
            counts.append(1)
            anchors.append(event.anchor or "")
        elif isinstance(event, yaml.CollectionEndEvent):
            size = counts.pop()
            sizes[anchors.pop()] = size
            counts[-1] += size
        elif isinstance(event, yaml.AliasEvent):
            if event.anchor in anchors:
                raise BadInput(f"{line}: *{event.anchor} contains itself", remedy="Write the value out")
            counts[-1] += sizes.get(event.anchor or "", 1)
        else:
            counts[-1] += 1
        if sum(counts) > MAX_VALUES or len(counts) > MAX_DEPTH:
            what = f"{line}: more than {MAX_VALUES} values, or nested deeper than {MAX_DEPTH}"
            raise BadInput(what, remedy="Write a shorter file, without aliases")
