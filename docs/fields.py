"""Describes the fields of a pydantic model in Markdown: one row per field with type, range, default and meaning."""

import ast
import inspect
import itertools
import json
import re
import textwrap
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from typing import Any, get_args, get_origin

from pydantic import BaseModel, TypeAdapter
from pydantic.fields import FieldInfo

from pipeline.core.backdrops import Colour
from pipeline.core.domain import Name
from pipeline.core.typed_text import Line
from pipeline.shoot import FileName

Schema = Mapping[str, Any]
BOUNDS = ("minimum", "exclusiveMinimum", "maximum", "exclusiveMaximum")


def _pattern_of(kind: Any) -> str:
    return str(TypeAdapter(kind).json_schema()["pattern"])


PATTERNS = {
    _pattern_of(Name): "name",
    _pattern_of(FileName): "file name",
    _pattern_of(Colour): "colour: `#rrggbb`, `#rgb` or a CSS name",
    _pattern_of(Line): "text in one line",
}


def sections(model: type[BaseModel], title: str) -> str:
    """The model's own table under `title`, then a section for every model nested in it, named by its path."""
    parts = [f"## {title}", paragraph(model.__doc__ or "")]
    parts.append(fields_table(model))
    for path, nested in nested_models(model):
        parts.append(f"## {code(path)} {{ #{anchor(path)} }}")
        parts += [paragraph(nested.__doc__ or ""), fields_table(nested, prefix=path)]
    return "\n\n".join(parts)


def fields_table(model: type[BaseModel], *, prefix: str = "", hidden: Collection[str] = ()) -> str:
    """A Markdown table of the model's fields except `hidden`; `prefix` is the path that leads to the model."""
    return table(row for field, row in field_rows(model, prefix).items() if field not in hidden)


def table(rows: Iterable[str]) -> str:
    """Rows below the columns that every table of fields has."""
    return "\n".join(["| field | type | default | meaning |", "|---|---|---|---|", *rows])


def field_rows(
    model: type[BaseModel], prefix: str = "", name: Callable[[str], str] = lambda field: field
) -> dict[str, str]:
    """A table row for each of the model's fields, which `name` gives the name shown."""
    schemas = model.model_json_schema()["properties"] if model.model_fields else {}
    comments = attribute_docstrings(model)
    rows = {}
    for field, info in model.model_fields.items():
        path = path_to(field, info, prefix) if models_in(info.annotation) else ""
        kind = words_of(schemas[field], path)
        meaning = description_of(info.description or comments.get(field, ""))
        rows[field] = f"| {code(name(field))} | {kind} | {_default(info)} | {meaning} |"
    return rows


def nested_models(
    model: type[BaseModel], prefix: str = "", hidden: Collection[str] = ()
) -> Iterator[tuple[str, type[BaseModel]]]:
    """Every model in the fields of `model`, depth first, with the path that leads to it."""
    for field, info in model.model_fields.items():
        if field in hidden:
            continue
        for nested in models_in(info.annotation):
            path = path_to(field, info, prefix)
            yield path, nested
            yield from nested_models(nested, path)


def path_to(field: str, info: FieldInfo, prefix: str = "") -> str:
    """The path of a field in YAML: `angles[]` for the members of a list, `edits.NAME` for those of a mapping."""
    origins = {get_origin(kind) for kind in (info.annotation, *get_args(info.annotation))}
    member = ".NAME" if dict in origins else "[]" if origins & {tuple, list} else ""
    return f"{prefix}.{field}{member}".lstrip(".")


def anchor(path: str) -> str:
    """The id of the section of a path."""
    return re.sub(r"[^a-z0-9_]+", "-", path.lower()).strip("-")


def models_in(annotation: Any) -> list[type[BaseModel]]:
    """The models that an annotation names, however deep in lists, mappings and unions."""
    if inspect.isclass(annotation) and issubclass(annotation, BaseModel):
        return [annotation]
    return [model for argument in get_args(annotation) for model in models_in(argument)]


def attribute_docstrings(model: type[BaseModel]) -> dict[str, str]:
    """The string below each field in the source of the model and of the models it extends."""
    found: dict[str, str] = {}
    for kind in reversed(model.__mro__):
        if not issubclass(kind, BaseModel) or kind is BaseModel or kind.__module__.startswith("pydantic"):
            continue
        body = ast.parse(textwrap.dedent(inspect.getsource(kind))).body[0].body  # type: ignore[attr-defined]
        for statements in itertools.pairwise(body):
            match statements:
                case ast.AnnAssign(target=ast.Name(id=field)), ast.Expr(value=ast.Constant(value=str(text))):
                    found[field] = inspect.cleandoc(text)
    return found


def type_of(annotation: Any, bounds: Schema) -> str:
    """The type of a command's parameter in words; an option that may be left out has no other type for it."""
    if annotation is bool:
        return "flag"
    return words_of({**TypeAdapter(annotation).json_schema(), **bounds}).removesuffix(", or null")


def words_of(schema: Schema, path: str = "") -> str:
    """A JSON schema in words; a nested model is a link to the section of the path that leads to it."""
    if "$ref" in schema:
        return f"[{code(path)}](#{anchor(path)})"
    if "allOf" in schema:
        return words_of(schema["allOf"][0], path)
    if "anyOf" in schema:
        kinds = [words_of(each, path) for each in schema["anyOf"] if each.get("type") != "null"]
        return " or ".join(kinds) + (", or null" if len(kinds) < len(schema["anyOf"]) else "")
    if "enum" in schema:
        return " or ".join(code(str(value)) for value in schema["enum"])
    if "const" in schema:
        return code(str(schema["const"]))
    return _plain(schema, path)


def _plain(schema: Schema, path: str) -> str:
    kind = schema.get("type", "any value")
    if kind == "array":
        return _list(schema, path)
    if kind == "object":
        values = schema.get("additionalProperties") or next(iter(schema.get("patternProperties", {}).values()), True)
        return f"mapping of name to {words_of(values, path)}" if isinstance(values, Mapping) else "mapping"
    if kind == "string":
        return _text(schema)
    words = {"boolean": "`true` or `false`", "integer": "whole number", "number": "number"}.get(kind, kind)
    return ", ".join([words, *_range(schema)])


def _list(schema: Schema, path: str) -> str:
    if members := schema.get("prefixItems"):
        return f"list of {words_of(members[0], path)}, exactly {len(members)}"
    least, most = schema.get("minItems"), schema.get("maxItems")
    count = f", {least} to {most}" if least and most else f", at least {least}" if least else ""
    return f"list of {words_of(schema.get('items', {}), path)}{count}"


def _text(schema: Schema) -> str:
    pattern = schema.get("pattern")
    words = schema.get("format") or PATTERNS.get(pattern or "") or "text"
    if pattern and pattern not in PATTERNS:
        words = f"text like {code(pattern)}"
    least, most = schema.get("minLength"), schema.get("maxLength")
    size = f"{least} to {most} characters" if least and most else f"at most {most} characters" if most else ""
    return ", ".join(filter(None, [words, size]))


def _range(schema: Schema) -> list[str]:
    least, above, most, below = (schema.get(bound) for bound in BOUNDS)
    if least is not None and most is not None:
        return [f"{_number(least)} to {_number(most)}"]
    words = [f"at least {_number(least)}"] if least is not None else []
    words += [f"more than {_number(above)}"] if above is not None else []
    words += [f"at most {_number(most)}"] if most is not None else []
    return words + ([f"less than {_number(below)}"] if below is not None else [])


def _number(value: float) -> str:
    return f"{value:g}" if abs(value) < 1e6 else str(value)


def _default(info: FieldInfo) -> str:
    if info.is_required():
        return "required"
    value = info.get_default(call_default_factory=True)
    if value is None:
        return ""
    if isinstance(value, BaseModel):
        return "its defaults"
    plain = TypeAdapter(Any).dump_python(value, mode="json")
    return "" if plain == "" else code(plain if isinstance(plain, str) else json.dumps(plain))


def description_of(text: str) -> str:
    """A description as a table cell: one line, safe in HTML."""
    return paragraph(text).replace("|", "\\|").removesuffix(".")


def paragraph(text: str) -> str:
    """Text on one line, with `<name>` outside code kept from being read as HTML."""
    pieces = re.split(r"(`[^`]*`)", " ".join(text.split()))
    return "".join(piece if piece.startswith("`") else piece.replace("<", "&lt;") for piece in pieces)


def code(text: str) -> str:
    """Text set as code, safe in a table."""
    return f"`{text}`".replace("|", "\\|")
