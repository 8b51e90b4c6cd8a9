"""Writes the parts of the documentation that the code already states: fields, commands, settings, engines, channels.

A page holds markers, each on a line of its own: `<!-- reference: NAME -->` stands for what `REFERENCES[NAME]` returns,
`<!-- include: PATH -->` for a Markdown file of the repository. Nothing here imports MkDocs.
"""

import inspect
import re
from collections.abc import Callable, Collection, Mapping
from pathlib import Path
from typing import Any, get_type_hints

import typer

from docs import briefs
from docs.fields import (
    anchor,
    code,
    description_of,
    field_rows,
    fields_table,
    nested_models,
    paragraph,
    sections,
    table,
    type_of,
)
from pipeline.cli.app import app
from pipeline.core.errors import EXIT_DONE, BadInput, CatalogError, Held
from pipeline.imaging.channels.channel import Channel, channel_names, load_channel
from pipeline.plan import STEPS, stage_of
from pipeline.pods import PodOptions
from pipeline.settings import Settings
from pipeline.shoot import Shoot, parse_shoot
from pipeline.shoot_params import shoot_params

ROOT = Path(__file__).parents[1]
EXAMPLE_SHOOT = ROOT / "examples" / "collection" / "mug-001" / "shoot.yaml"
MARKER = re.compile(r"^<!-- (reference|include): (\S+) -->$", re.M)


def expand(page: str) -> str:
    """Replace every marker of a page. Raises KeyError for an unknown reference, OSError for a missing file."""

    def replacement(match: re.Match[str]) -> str:
        kind, name = match.groups()
        return REFERENCES[name]() if kind == "reference" else (ROOT / name).read_text(encoding="utf-8")

    return MARKER.sub(replacement, page)


def shoot_reference() -> str:
    """Every field of shoot.yaml, the top level first, then one section per nested group."""
    return sections(Shoot, "Top level")


def pods_reference() -> str:
    """Every field that a level of pods.yaml may have."""
    return sections(PodOptions, "Fields of a level")


def stage_resources() -> str:
    """One row per step: what its pod requests unless pods.yaml says otherwise."""
    rows = ["| step | cores | memory | scratch | GPU |", "|---|---|---|---|---|"]
    for step in STEPS:
        asked = stage_of(step).resources
        gpu = "where `CATALOG_DEVICE` is cuda" if asked.gpu else ""
        rows.append(f"| {code(step)} | {asked.cores:g} | {asked.memory} | {asked.scratch} | {gpu} |")
    return "\n".join(rows)


def settings_reference() -> str:
    """One table of the environment variables."""
    return table(field_rows(Settings, name=lambda field: f"CATALOG_{field.upper()}").values())


def command_reference() -> str:
    """One section per command: usage, what it does, arguments and options."""
    commands: Mapping[str, Any] = typer.main.get_command(app).commands  # type: ignore[attr-defined]
    return "\n\n".join(_command(name, command) for name, command in flat(commands).items())


def flat(commands: Mapping[str, Any]) -> dict[str, Any]:
    """The commands by name, sorted; those of a group as `<group> <command>`."""
    found: dict[str, Any] = {}
    for name, command in sorted(commands.items()):
        inner = getattr(command, "commands", None)
        found |= {f"{name} {each}": sub for each, sub in flat(inner).items()} if inner else {name: command}
    return found


def _command(name: str, command: Any) -> str:
    hints = get_type_hints(inspect.unwrap(command.callback))
    arguments = [param for param in command.params if param.param_type_name == "argument"]
    options = [param for param in command.params if param.param_type_name == "option"]
    words = [param.name.upper() + ("..." if param.nargs == -1 else "") for param in arguments]
    words = [word if param.required else f"[{word}]" for word, param in zip(words, arguments, strict=True)]
    words += [f"{option.opts[0]} {option.name.upper()}" for option in options if option.required]
    usage = " ".join(["catalog", name, *words, "[OPTIONS]"])
    rows = ["| option | type | default | meaning |", "|---|---|---|---|"]
    rows += [_parameter(param, hints[param.name]) for param in (*arguments, *options)]
    help_text = "\n\n".join(paragraph(part) for part in inspect.cleandoc(command.help).split("\n\n"))
    return f"## catalog {name} {{ #{anchor(name)} }}\n\n{help_text}\n\n```console\n$ {usage}\n```\n\n" + "\n".join(rows)


def _parameter(param: Any, hint: Any) -> str:
    names = [param.name.upper()] if param.param_type_name == "argument" else [*param.opts, *param.secondary_opts]
    bounds = {"minimum": getattr(param, "min", None), "maximum": getattr(param, "max", None)}
    kind = type_of(hint, {name: value for name, value in bounds.items() if value is not None})
    default = "required" if param.required else "" if param.default in (None, "") else _default(param.default)
    return f"| {', '.join(map(code, names))} | {kind} | {default} | {description_of(param.help or '')} |"


def _default(value: Any) -> str:
    return code(str(value).lower() if isinstance(value, bool) else str(getattr(value, "value", value)))


def exit_codes() -> str:
    """The exit codes of every command, in the words of the errors that cause them."""
    rows = {
        EXIT_DONE: "Done",
        CatalogError.exit_code: "Failed: any error that is not listed here; `summary`, `verify` and `doctor`: "
        "something is wrong, as their output says",
        2: "The command line cannot be parsed",
        Held.exit_code: f"Held: {_first_line(Held)}",
        BadInput.exit_code: f"Bad input: {_first_line(BadInput)}",
    }
    return "\n".join(["| code | meaning |", "|---|---|", *(f"| {key} | {rows[key]} |" for key in sorted(rows))])


def preset_reference() -> str:
    """Every step's params that a preset can set, and where a step has engines, those of every engine."""
    given = shoot_params(parse_shoot(EXAMPLE_SHOOT.read_bytes(), EXAMPLE_SHOOT))
    return "\n\n".join(_step(step, given.get(step, {})) for step in STEPS)


def _step(step: str, given: Collection[str]) -> str:
    stage = stage_of(step)
    engines = getattr(stage, "engines", None)
    hidden = {*given, getattr(stage, "engine_field", "")}
    parts = [f"## {code(step)} {{ #{step} }}", paragraph(stage.params.__doc__ or "")]
    if given:
        parts.append(f"Taken from shoot.yaml: {', '.join(code(name) for name in given)}.")
    if set(stage.params.model_fields) - hidden:
        parts.append(fields_table(stage.params, prefix=step, hidden=hidden))
        parts += [_nested(model, path) for path, model in nested_models(stage.params, step, hidden)]
    else:
        parts.append("This step has no settings of its own.")
    return "\n\n".join(parts + (engine_sections(step, engines) if engines else []))


def engine_sections(step: str, registry: Any) -> list[str]:
    """A section per engine: what it is for, how to choose it, and its settings.

    Settings that an engine shares with the default engine are only named, and described there.
    """
    parts: list[str] = []
    default, described = registry.names[0], dict[str, str]()
    for name, engine in registry.engines.items():
        rows = field_rows(engine.Params, step)
        del rows["engine"]  # its value is the engine's name
        own = {field: row for field, row in rows.items() if described.get(field) != row}
        role = ", the default." if name == default else "."
        parts.append(f"### {code(name)}, engine of {step} {{ #{step}-{name} }}")
        parts.append(paragraph(f"{_first_paragraph(engine)} {code(f'{step}: {{engine: {name}}}')} in a preset{role}"))
        if shared := [field for field in rows if field not in own]:
            parts.append(f"As for [{code(default)}](#{step}-{default}): {', '.join(map(code, shared))}.")
        if own:
            parts.append(table(own.values()))
        parts += [_nested(model, path) for path, model in nested_models(engine.Params, step)]
        described = described or rows
    return parts


def _nested(model: type[Any], path: str) -> str:
    heading = f"### {code(path)} {{ #{anchor(path)} }}"
    return "\n\n".join([heading, paragraph(model.__doc__ or ""), fields_table(model, prefix=path)])


def channel_reference() -> str:
    """One row per channel that is shipped, and the fields of a channel file."""
    rows = ["| channel | for | frame | format | backdrops | rendered angles |", "|---|---|---|---|---|---|"]
    rows += [_channel(load_channel(name)) for name in channel_names()]
    return "\n".join(rows) + "\n\n" + sections(Channel, "Fields of a channel file")


def _channel(channel: Channel) -> str:
    frame = f"{channel.width_px} x {channel.height_px}" if channel.width_px else "the picture's own"
    picture = channel.media_type.removeprefix("image/").upper() + (", 16 bit" if channel.bit_depth == 16 else "")
    return (
        f"| {code(channel.name)} | {channel.title} | {frame} | {picture} | {', '.join(channel.backdrops)} |"
        f" {channel.rendered} |"
    )


def _first_line(thing: object) -> str:
    sentence = paragraph(inspect.getdoc(thing) or "").split(". ")[0].rstrip(".")
    return sentence[:1].lower() + sentence[1:]


def _first_paragraph(thing: object) -> str:
    return (inspect.getdoc(thing) or "").split("\n\n")[0]


REFERENCES: Mapping[str, Callable[[], str]] = {
    "shoot": shoot_reference,
    "commands": command_reference,
    "exit-codes": exit_codes,
    "settings": settings_reference,
    "pods": pods_reference,
    "stage-resources": stage_resources,
    "presets": preset_reference,
    "channels": channel_reference,
    "brief-words": briefs.words_reference,
    "brief-examples": lambda: briefs.examples(parse_shoot(EXAMPLE_SHOOT.read_bytes(), EXAMPLE_SHOOT)),
}
