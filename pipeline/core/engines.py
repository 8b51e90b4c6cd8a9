"""A registry of a step's engines: adding an engine takes a module and a line.

An engine is a module with `Params`, `require_here` and the function that does the step's work, which the Protocol
beside each registry defines. This module imports no engine's libraries, so that planning a shoot and parsing a DAG stay
quick.
"""

from collections.abc import Mapping
from typing import Any, Generic, Protocol, TypeVar

from pydantic import ValidationError

from pipeline.core.domain import Frozen
from pipeline.core.errors import BadInput


class Engine(Protocol):
    """A module that does the work of one step.

    `Params` is a `Frozen` whose field `engine` is a `Literal` of the engine's name, which is also its default; its
    other fields are all settings that change the result. The module's docstring begins with what the engine is for.
    """

    __doc__: str | None
    Params: type[Any]

    def require_here(self, params: Any) -> str:
        """Return what would run on this machine, with its version. Raises MissingEngine or BadInput with a remedy."""
        ...


E = TypeVar("E", bound=Engine)


class Registry(Generic[E]):
    """The engines of one step by name; the first is the default.

    Params are a union discriminated by `engine`, resolved when params are parsed and not at import, so that an engine
    registered later, by a plugin or a test, is included.
    """

    def __init__(self, step: str, *engines: E) -> None:
        """Register the engines of `step`, the default first."""
        self.step = step
        self.engines: dict[str, E] = {}
        for engine in engines:
            self.register(engine)

    def register(self, engine: E) -> None:
        """Add an engine, or replace the one of the same name."""
        self.engines[name_of(engine)] = engine

    @property
    def names(self) -> tuple[str, ...]:
        """The names of all engines, the default's first."""
        return tuple(self.engines)

    def named(self, name: str) -> E:
        """Return the engine of this name. Raises BadInput when it is unknown; there is no fallback."""
        if name not in self.engines:
            raise BadInput(f"{self.step} has no engine {name!r}", remedy=f"Use one of {', '.join(self.names)}")
        return self.engines[name]

    def of(self, params: Frozen) -> E:
        """Return the engine that these params belong to."""
        return self.named(str(params.engine))  # type: ignore[attr-defined]  # every Params has it

    def parse(self, values: Any) -> Frozen:
        """Parse `values` as params of the engine in `values["engine"]`, or of the default. For use as a validator.

        Raises ValueError, as validators do, naming the first invalid field, its error and its value.
        """
        if isinstance(values, Frozen):
            return self._checked(values)
        if not isinstance(values, Mapping):
            raise ValueError(  # noqa: TRY004 - pydantic does not catch TypeError
                f"an engine's settings must be `name: value` pairs, not {values!r}"
            )
        name = values.get("engine", self.names[0])
        if name not in self.engines:
            raise ValueError(f"engine: {name!r} is not one of {', '.join(self.names)}")
        try:
            params: Frozen = self.engines[name].Params.model_validate(dict(values))
        except ValidationError as error:
            raise ValueError(_first_error(error, name)) from None
        return params

    def _checked(self, params: Frozen) -> Frozen:
        if not any(isinstance(params, engine.Params) for engine in self.engines.values()):
            raise ValueError(f"{params!r} does not belong to an engine of {self.step}")
        return params

    def defaults(self) -> Frozen:
        """Return the default engine's params. For use as a field's default factory."""
        return self.parse({})

    def require_here(self, params: Frozen) -> str:
        """Return what would run on this machine. Raises MissingEngine or BadInput that names the step."""
        try:
            return self.of(params).require_here(params)
        except BadInput as error:
            raise type(error)(f"step {self.step}: {error.what}", remedy=error.remedy) from None


def name_of(engine: Engine) -> str:
    """Return the engine's name, the default of `Params.engine`."""
    return str(engine.Params.model_fields["engine"].default)


def purpose_of(engine: Engine) -> str:
    """Return what the engine is for: the first line of its module's docstring."""
    return (engine.__doc__ or "").partition("\n")[0]


def settings_required_by(engine: Engine) -> list[str]:
    """Return the names of the settings that have no default."""
    return [name for name, field in engine.Params.model_fields.items() if field.is_required()]


def gathered(values: Any, fields: Mapping[str, Any], into: str) -> Any:
    """Move the engine's settings in a stage's raw params below the field `into`. For a validator in mode "before".

    A preset and shoot.yaml write a step's settings on one level (`splat: {engine: gsplat, iterations: 4000, when:
    always}`); any that is not one of the stage's own `fields` belongs to the engine.
    """
    if not isinstance(values, Mapping):
        return values
    own = {name: value for name, value in values.items() if name in fields}
    engine = {name: value for name, value in values.items() if name not in fields}
    if not engine:
        return own
    given = own.get(into) or {}
    return {**own, into: {**(given.model_dump() if isinstance(given, Frozen) else given), **engine}}


def _first_error(error: ValidationError, engine: str) -> str:
    first = error.errors()[0]
    where = ".".join(map(str, first["loc"]))
    what = str(first["msg"]).removeprefix("Value error, ")
    if not where:  # a rule between several fields
        return what
    if first["type"] == "missing":
        return f"engine {engine} requires {where}"
    if first["type"] == "extra_forbidden":
        return f"{where}: engine {engine} has no such setting (got {first['input']!r})"
    return f"{where}: {what} (got {first['input']!r})"
