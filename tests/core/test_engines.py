from types import SimpleNamespace
from typing import Annotated, Literal

import pytest
from pydantic import Field, PlainValidator, SerializeAsAny, ValidationError, model_validator

from pipeline.core.domain import Frozen
from pipeline.core.engines import Registry, gathered, name_of, purpose_of, settings_required_by
from pipeline.core.errors import BadInput, MissingEngine


class Paint(Frozen):
    engine: Literal["paint"] = "paint"
    coats: int = Field(default=1, ge=1)


class Spray(Frozen):
    engine: Literal["spray"] = "spray"
    nozzle: str = "fine"


def _missing(params):
    raise MissingEngine("no compressor", remedy="Buy one")


ENGINES = Registry(
    "wall", SimpleNamespace(Params=Paint, require_here=lambda params: f"paint, {params.coats} coats"),
    SimpleNamespace(Params=Spray, require_here=_missing),
)  # fmt: skip


class Params(Frozen):
    colour: str = "white"
    how: Annotated[SerializeAsAny[Frozen], PlainValidator(ENGINES.parse)] = Field(default_factory=ENGINES.defaults)

    @model_validator(mode="before")
    @classmethod
    def _flat(cls, values):
        return gathered(values, cls.model_fields, "how")


def test_the_first_engine_is_the_default():
    assert Params().how == Paint()
    assert ENGINES.names == ("paint", "spray")


@pytest.mark.parametrize(
    "values", [{"engine": "spray", "nozzle": "wide"}, {"how": {"engine": "spray", "nozzle": "wide"}}]
)
def test_engine_settings_may_be_flat_or_nested(values):
    assert Params.model_validate({"colour": "red", **values}) == Params(colour="red", how=Spray(nozzle="wide"))


def test_params_survive_a_round_trip_through_json():
    params = Params.model_validate({"engine": "spray", "nozzle": "wide"})
    assert Params.model_validate(params.model_dump(mode="json")) == params
    assert params.model_dump()["how"] == {"engine": "spray", "nozzle": "wide"}


@pytest.mark.parametrize(
    ("values", "error"),
    [
        ({"coats": 0}, r"coats: .* greater than or equal to 1 \(got 0\)"),
        ({"engine": "spray", "coats": 2}, r"coats: engine spray has no such setting \(got 2\)"),
        ({"engine": "roll"}, "engine: 'roll' is not one of paint, spray"),
        ({"how": 3}, "not 3"),
    ],
)
def test_a_wrong_setting_is_named_with_its_value(values, error):
    with pytest.raises(ValidationError, match=error):
        Params.model_validate(values)


def test_a_missing_engine_error_names_the_step_and_the_remedy():
    assert ENGINES.require_here(Paint(coats=2)) == "paint, 2 coats"
    with pytest.raises(MissingEngine, match=r"step wall: no compressor\. Buy one"):
        ENGINES.require_here(Spray())


def test_params_of_an_unregistered_engine_are_rejected():
    class Roll(Frozen):
        engine: Literal["roll"] = "roll"

    with pytest.raises(ValidationError, match="does not belong to an engine of wall"):
        Params(how=Roll())


def test_a_required_setting_that_is_missing_is_named():
    class Stencil(Frozen):
        engine: Literal["stencil"] = "stencil"
        pattern: str

    stencil = SimpleNamespace(__doc__="A pattern.\n\nMore.", Params=Stencil, require_here=lambda params: "stencil")
    with pytest.raises(ValueError, match="engine stencil requires pattern"):
        Registry("wall", stencil).parse({"engine": "stencil"})
    assert (purpose_of(stencil), settings_required_by(stencil)) == ("A pattern.", ["pattern"])


def test_an_unknown_engine_is_named_in_the_error():
    with pytest.raises(BadInput, match="wall has no engine 'roll'"):
        ENGINES.named("roll")


def test_an_engine_registered_later_is_included():
    class Roll(Frozen):
        engine: Literal["roll"] = "roll"

    registry = Registry("wall", *ENGINES.engines.values())
    registry.register(SimpleNamespace(Params=Roll, require_here=lambda params: "roll"))
    assert registry.parse({"engine": "roll"}) == Roll()
    assert name_of(registry.of(Roll())) == "roll"
