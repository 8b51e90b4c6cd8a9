"""Writes values as YAML that every reader takes for the same values."""

from typing import Any

import yaml

from pipeline.core.yaml_file.nodes import PLAIN_VALUES


class _Dumper(yaml.SafeDumper):
    """Quotes text that YAML 1.1 or this package would take for something else, such as `no` and `0189`."""


for _tag, (_pattern, _starts) in PLAIN_VALUES.items():
    _Dumper.add_implicit_resolver(_tag, _pattern, _starts)


def one_line(value: Any) -> str:
    """Format a value as one line of YAML."""
    text: str = yaml.dump(
        value, Dumper=_Dumper, default_flow_style=True, allow_unicode=True, sort_keys=False, width=10_000
    )
    return text.removesuffix("...\n").strip("\n ")
