"""The licence among an engine's settings: stated by the preset, or filled in from the checkpoint's folder."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Self

from pydantic import Field, model_validator

from pipeline.core.domain import Frozen
from pipeline.core.licences.folder import Licence, licence_in
from pipeline.core.licences.names import NOT_STATED, Use, use_of

PRESET = "the preset"


class Licensed(Frozen):
    """Settings of whatever loads a checkpoint. The licence is a setting, so that every lineage states it."""

    licence: str | None = Field(
        default=None,
        min_length=1,
        max_length=100,
        description="licence of the weights, such as Apache-2.0; default: what the checkpoint's files state",
    )
    licence_use: Use | None = Field(
        default=None, description="what it allows; default: by its name. Only together with `licence`"
    )
    licence_said_by: str | None = Field(
        default=None,
        max_length=200,
        description="who states the licence, such as a person and a contract; default: the file, or `the preset`",
    )

    @model_validator(mode="after")
    def _states_whole(self) -> Self:
        if self.licence is None and (self.licence_use or self.licence_said_by):
            raise ValueError("licence_use and licence_said_by say something about `licence`; name it too")
        return self


def with_licence(values: Mapping[str, Any], folder: Callable[[], Path]) -> dict[str, Any]:
    """The raw settings of a `Licensed` with its three fields filled in. What the preset states is kept.

    `folder` is called where nothing is stated. Raises BadInput as it does.
    """
    name = values.get("licence")
    if isinstance(name, str) and name:
        use = values.get("licence_use") or use_of(name)
        said_by = values.get("licence_said_by") or PRESET
        return {**values, "licence_use": use, "licence_said_by": said_by}
    if any(values.get(field) for field in ("licence", "licence_use", "licence_said_by")):
        return dict(values)  # the model's own validation reports it
    found = licence_in(folder())
    return {**values, "licence": found.name, "licence_use": found.use, "licence_said_by": found.said_by}


def licence_of(params: Licensed) -> Licence:
    """The licence of settings that are filled in; unknown where they are not."""
    return Licence(params.licence or NOT_STATED, params.licence_use or "unknown", params.licence_said_by or "nobody")


def in_words(licence: Licence) -> str:
    """The licence for a report: `apache-2.0 (commercial, says README.md)`, or `not stated`."""
    if licence.name == NOT_STATED:
        return NOT_STATED
    return f"{licence.name} ({licence.use}, says {licence.said_by})"
