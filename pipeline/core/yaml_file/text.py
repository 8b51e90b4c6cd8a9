"""The text of a YAML file: its encoding, and what to say about a line that is not YAML."""

import codecs
import re
from pathlib import Path

import yaml

from pipeline.core.errors import BadInput

_BREAK = re.compile(r"\r\n|\r|\n")
_UTF16 = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
_SAVE = "Save the file as UTF-8"
_FIELD = re.compile(r"^\s*(?:- )?(?P<key>[\w.-]+):\s+(?P<value>[^\s'\"{\[|>&*!].*?)\s*$")
_HASH = re.compile(r"(?P<key>[\w.-]+):\s+(?P<value>#[^\s#,}\]][^,}\]]*?)\s*(?:[,}\]]|$)")


def decoded(data: bytes, path: Path) -> str:
    """The text of a UTF-8 file, without its byte order mark. Raises BadInput that names the line of any other."""
    if data.startswith(_UTF16) or data[1:200:2].count(0) > 8 or data[0:200:2].count(0) > 8:
        raise BadInput(f"{path}: line 1: the text is in UTF-16", remedy=_SAVE)
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        number = line_of(data.decode("latin-1"), error.start)
        line = _BREAK.split(data.decode("cp1252", "replace"))[number - 1].strip()
        what = f"the byte 0x{data[error.start]:02X} is not UTF-8; in Windows-1252 the line would be {line[:80]!r}"
        raise BadInput(f"{path}: line {number}: {what}", remedy=_SAVE) from None


def quoted(value: str) -> str:
    """`value` in the quotes of YAML."""
    return "'" + value.replace("'", "''") + "'"


def line_of(text: str, position: int) -> int:
    """The number of the line, from 1, that holds the character at `position`."""
    return len(_BREAK.findall(text, 0, position)) + 1


def unquoted_hash(text: str, first: int, last: int) -> str | None:
    """The field of lines `first` to `last`, from 1, whose `#...` YAML takes for a comment, in quotes; or None."""
    for line in _BREAK.split(text)[first - 1 : last]:
        found = _HASH.search(line)
        if found:
            return f"{found['key']}: {quoted(found['value'])}"
    return None


def syntax_error(error: yaml.YAMLError, text: str, path: Path) -> BadInput:
    """Say which line is not YAML, why, and what to write instead."""
    if isinstance(error, yaml.reader.ReaderError):
        line = line_of(text, error.position)
        character = error.character if isinstance(error.character, int) else ord(error.character)
        return BadInput(
            f"{path}: line {line} is not YAML: it has the invisible character U+{character:04X}", remedy="Remove it"
        )
    if not isinstance(error, yaml.MarkedYAMLError):
        return BadInput(f"{path} is not YAML: {error}", remedy="Correct the file")
    mark, problem = error.problem_mark or error.context_mark, error.problem or error.context or "it cannot be read"
    if "could not find expected ':'" in problem:  # found out on a later line than the one that lacks it
        mark = error.context_mark or mark
    number = mark.line + 1 if mark else 1
    first = min(number, error.context_mark.line + 1) if error.context_mark else number
    lines = _BREAK.split(text)
    problem, remedy = _explained(problem, lines[number - 1] if number <= len(lines) else "", text, (first, number))
    return BadInput(f"{path}: line {number} is not YAML: {problem}", remedy=remedy)


def _explained(problem: str, line: str, text: str, lines: tuple[int, int]) -> tuple[str, str]:
    """A problem in the words of a person, and its remedy."""
    hash_in_quotes = unquoted_hash(text, *lines)
    field = _FIELD.match(line)
    if "'\\t'" in problem:
        return "a tab stands where YAML allows only spaces", "Replace the tabs of this line by spaces"
    if "could not find expected ':'" in problem:
        return f"{line.strip()[:60]!r} is not `name: value`", "Correct the line"
    if "another document" in problem:
        return "a second document starts here", "Keep one document, and remove the line `---`"
    if hash_in_quotes:
        return "the text from # on is a comment", f"Quote it: `{hash_in_quotes}`"
    if field and ("mapping values" in problem or "cannot start any token" in problem):
        why = "holds `: `" if "mapping values" in problem else f"starts with {field['value'][0]}"
        what = f"text that {why} needs quotes"
        return what, f"Quote it: `{field['key']}: {quoted(field['value'])}`"
    return problem, "Correct the line"
