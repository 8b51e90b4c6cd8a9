"""Validates a YAML file as a model; an error names line, field, value as typed, and what to write instead."""

import re
from collections.abc import Callable, Mapping, Sequence
from difflib import get_close_matches
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

import yaml
from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from pipeline.core.errors import BadInput
from pipeline.core.yaml_file.nodes import BOOL, DATE, FLOAT, INT, NULL, NUMBER, compose, entries, line_of, value_of
from pipeline.core.yaml_file.text import quoted
from pipeline.core.yaml_file.write import one_line

M = TypeVar("M", bound=BaseModel)
FAULTS_SHOWN = 3
_KINDS = {INT: "a number", FLOAT: "a number", BOOL: "true or false", DATE: "a date"}
_NUMBER_ERRORS = {"float_type", "int_type", "int_from_float"}
_GROUP_ERRORS = {"model_type", "model_attributes_type", "dict_type", "dataclass_type"}
_DECORATED = re.compile(r"^\s*([-+]?\d+)(?:[.,](\d+))?\s*(?:°|º|deg|degrees)?\s*$")


class Allowed(NamedTuple):
    """What a text may be, in words: `a colour`. `mend` turns another text into a likely one, or into an empty one."""

    words: str
    mend: Callable[[str], str] = lambda _: ""


class Guide(NamedTuple):
    """What the author of a kind of file is told. `patterns`: what the patterns of its texts allow, by pattern.

    `page`: where every field is listed. `begin`: how to write the first one.
    """

    page: str
    begin: str
    patterns: Mapping[str, Allowed] = {}

    @property
    def remedy(self) -> str:
        """What to do about a field that is wrong."""
        return f"Correct the field; {self.page} lists every field"


class _Fault(NamedTuple):
    """One error of a model. `node`: the value, or the mapping that lacks it; `key`: the field's own name."""

    error: ErrorDetails
    node: yaml.Node
    key: str
    where: str


def read_model(kind: type[M], data: bytes, path: Path, guide: Guide) -> M:
    """Read a YAML file as a model; a number in quotes is a number.

    Raises BadInput as `compose`, and when the value does not fit the model.
    """
    root = compose(data, path)
    if root is None:
        raise BadInput(f"{path} is empty", remedy=guide.begin)
    if not isinstance(root, yaml.MappingNode):
        raise BadInput(f"{path} is not a mapping of fields", remedy="Write every field as `name: value`")
    try:
        return kind.model_validate(value_of(root), strict=True)
    except ValidationError as error:
        if not _unquote_numbers(root, error):
            raise _in_words(error, root, path, kind, guide) from None
    try:
        return kind.model_validate(value_of(root), strict=True)
    except ValidationError as error:
        raise _in_words(error, root, path, kind, guide) from None


def _unquote_numbers(root: yaml.Node, error: ValidationError) -> bool:
    """Take numbers in quotes for numbers wherever a number is asked for; say whether there were any."""
    changed = False
    for fault in _faults(error, root):
        if fault.error["type"] in _NUMBER_ERRORS and isinstance(fault.node, yaml.ScalarNode) and fault.node.style:
            written = fault.node.value.strip()
            if NUMBER.match(written):
                fault.node.value, fault.node.tag, changed = written, FLOAT, True
    return changed


def _faults(error: ValidationError, root: yaml.Node) -> list[_Fault]:
    """The errors of a model with their nodes; not those of a list or a mapping because of a fault inside it."""
    faults = []
    places = [details["loc"] for details in error.errors()]
    for details in error.errors():
        if any(len(place) > len(details["loc"]) and place[: len(details["loc"])] == details["loc"] for place in places):
            continue
        node, key, names = root, "", []
        for part in details["loc"]:
            if part == "[key]":
                break
            names.append(str(part))
            key = str(part) if isinstance(part, str) else key
            if isinstance(node, yaml.MappingNode) and str(part) in entries(node):
                node = entries(node)[str(part)]
            elif isinstance(node, yaml.SequenceNode) and isinstance(part, int) and part < len(node.value):
                node, key = node.value[part], ""
        faults.append(_Fault(details, node, key, ".".join(names)))
    return faults


def _in_words(
    error: ValidationError,
    root: yaml.Node,
    path: Path,
    kind: type[BaseModel],
    guide: Guide,
) -> BadInput:
    """The first errors of a model as one BadInput, with the remedy of the first."""
    faults = sorted(_faults(error, root), key=lambda fault: fault.error["type"] == "missing")  # a misspelt one first
    explain = partial(_explained, kind=kind, guide=guide)
    whats, remedies = zip(*map(explain, faults[:FAULTS_SHOWN]), strict=True)
    more = f"; and {len(faults) - FAULTS_SHOWN} more" if len(faults) > FAULTS_SHOWN else ""
    lines = [f"line {line_of(fault.node)}: {fault.where}: {what}" for fault, what in zip(faults, whats, strict=False)]
    return BadInput(f"{path}: {'; '.join(lines)}{more}", remedy=remedies[0])


def _explained(fault: _Fault, kind: type[BaseModel], guide: Guide) -> tuple[str, str]:
    """What is wrong with a field, and what to write instead."""
    error, node = fault.error, fault.node
    if error["type"] == "missing":
        return "is missing", f"Add `{fault.where.rsplit('.')[-1]}: ...`"
    if error["type"] == "extra_forbidden":
        alike = get_close_matches(fault.key, _names(kind, error["loc"][:-1]), 1)
        return "there is no such field here", f"Write `{alike[0]}`" if alike else "Remove it"
    if isinstance(node, yaml.ScalarNode):
        return _scalar(fault, guide)
    if error["type"] in _GROUP_ERRORS:
        return "a group of fields is asked for here, not a list", "Write `name: value` below it"
    if error["type"] == "string_type":
        return "one text is asked for here, not a group or a list", "Write one value"
    return _message(error), guide.remedy


def _scalar(fault: _Fault, guide: Guide) -> tuple[str, str]:
    """What is wrong with a field that holds one value, and what to write instead."""
    error, node = fault.error, fault.node
    kind, written = error["type"], f"{node.value[:60]!r}"
    pattern = str(error.get("ctx", {}).get("pattern"))
    if node.tag == NULL:
        return "the value is missing", "Write one, or remove the line"
    if kind == "string_type" and node.tag in _KINDS:
        return f"text is asked for, and {node.value} is {_KINDS[node.tag]}", f"Quote it: `{_field(fault, node.value)}`"
    if kind in _NUMBER_ERRORS:
        return f"{written} is not a number", _as_number(fault, node.value)
    if kind == "tuple_type" or kind in _GROUP_ERRORS:
        wanted, line = ("list", f"{fault.key}: [{node.value}]") if kind == "tuple_type" else ("group", "name: value")
        return f"a {wanted} is asked for (got {written})", f"Write `{line}`"
    if pattern in guide.patterns:
        allowed = guide.patterns[pattern]
        mended = allowed.mend(node.value)
        return f"{written} is not {allowed.words}", f"Write `{_plain(fault, mended)}`" if mended else guide.remedy
    return f"{_message(error)} (got {written})", guide.remedy


def _field(fault: _Fault, value: str) -> str:
    """The field as it should be written, with a text in quotes."""
    if fault.key.endswith("colour") and re.fullmatch(r"[0-9A-Fa-f]{6}", value):
        value = f"#{value}"
    return f"{fault.key}: {quoted(value)}" if fault.key else quoted(value)


def _plain(fault: _Fault, value: str) -> str:
    """The field as it should be written, with quotes only where YAML needs them."""
    return one_line({fault.key: value} if fault.key else [value])[1:-1]


def _as_number(fault: _Fault, value: str) -> str:
    found = _DECORATED.match(value)
    if not found:
        return "Write a number, such as 22.5"
    number = found[1] + (f".{found[2]}" if found[2] else "")
    return f"Write `{fault.key}: {number}`" if fault.key else f"Write {number}"


def _message(error: ErrorDetails) -> str:
    return error["msg"].removeprefix("Value error, ")


def _names(kind: type[BaseModel], place: Sequence[str | int]) -> list[str]:
    """The names of the fields that may stand at this place of a model."""
    schema: dict[str, Any] = kind.model_json_schema()
    definitions = schema.get("$defs", {})
    for part in place:
        parts = (
            schema.get("properties", {}).get(part) or schema.get("items") or schema.get("additionalProperties") or {}
        )
        references = [option["$ref"] for option in (parts, *parts.get("anyOf", ())) if "$ref" in option]
        schema = definitions[references[0].rsplit("/", 1)[-1]] if references else parts
    return list(schema.get("properties", {}))
