"""Colours and materials by name: what the embedded writer says, and what a caption claims them with."""

from collections.abc import Iterator
from functools import cache
from importlib import resources
from pathlib import Path
from typing import Literal

from pydantic import TypeAdapter

from pipeline.core.domain import Frozen
from pipeline.core.yaml_file.nodes import compose, value_of
from pipeline.language.lexicon.words import LANGUAGES, Language, split_row

Table = Literal["colours", "materials"]


class Named(Frozen):
    """One line of `colours.yaml` or `materials.yaml`, which describe the fields."""

    family: str = ""
    broader: tuple[str, ...] = ()
    said: tuple[str, ...] = ()
    only_said: tuple[str, ...] = ()
    en: tuple[str, ...] = ()
    de: tuple[str, ...] = ()
    fr: tuple[str, ...] = ()


@cache
def named(table: Table) -> dict[str, Named]:
    """Every entry of the table by its name."""
    path = resources.files(__package__) / f"{table}.yaml"
    value = value_of(compose(path.read_bytes(), Path(str(path))))
    return TypeAdapter(dict[str, Named]).validate_python(value)


def said(table: Table) -> list[list[str]]:
    """The columns of everything that the writer says, in the order of the table."""
    return [split_row(line) for entry in named(table).values() for line in (*entry.said, *entry.only_said)]


def claimed_with(table: Table, name: str, language: Language) -> tuple[str, ...]:
    """The words of `language` with which a text claims this colour or material, the writer's own first."""
    entry = named(table)[name]
    if not entry.family:
        return ()
    own = (word for line in entry.said for word in _of_language(table, split_row(line), language))
    return tuple(dict.fromkeys((*own, *getattr(entry, language))))


def _of_language(table: Table, columns: list[str], language: Language) -> Iterator[str]:
    at = LANGUAGES.index(language) + (table == "materials")
    yield from columns[at].split(",")
    if table == "materials" and language == "en":
        yield columns[0]
