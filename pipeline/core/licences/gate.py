"""Refuses, when a shoot is planned, checkpoints whose licence does not allow what its channels are for."""

from collections.abc import Collection, Iterator, Mapping
from typing import Any, Literal, NamedTuple

from pipeline.core.errors import BadInput
from pipeline.core.licences.folder import NOT_HERE, Licence
from pipeline.core.licences.settings import in_words

Allowed = Literal["commercial", "conditional", "any"]
ACCEPTED: Mapping[str, frozenset[str]] = {
    "commercial": frozenset({"commercial"}),
    "conditional": frozenset({"commercial", "conditional"}),
}
STATE_IT = "state what you may do in the preset (licence, licence_use: commercial, licence_said_by)"


class RefusedLicence(BadInput):
    """The licence of a checkpoint does not allow what its pictures are for."""


class Weights(NamedTuple):
    """A checkpoint that a plan uses. `setting`: where the preset names it, such as `background.diffusion`."""

    setting: str
    checkpoint: str
    licence: Licence


def weights_in(params: Mapping[str, Any], setting: str = "") -> Iterator[Weights]:
    """Every checkpoint among the settings of a plan's steps whose licence is filled in."""
    if params.get("licence_use"):
        licence = Licence(str(params["licence"]), params["licence_use"], str(params["licence_said_by"]))
        yield Weights(setting, str(params.get("checkpoint", setting)), licence)
    for name, value in params.items():
        if isinstance(value, Mapping):
            yield from weights_in(value, f"{setting}.{name}" if setting else name)


def require_licences(params: Mapping[str, Any], allowed: Allowed, selling: Collection[str] = ()) -> None:
    """Raise RefusedLicence for the first checkpoint whose licence `allowed` does not cover; it names who says so.

    `selling`: the channels of the shoot that sell, for the message.
    """
    if allowed == "any":
        return
    for weights in weights_in(params):
        if weights.licence.use not in ACCEPTED[allowed]:
            raise RefusedLicence(_refusal(weights, allowed, selling), remedy=_remedy(weights.licence))


def _refusal(weights: Weights, allowed: Allowed, selling: Collection[str]) -> str:
    names = sorted(selling)
    sells = f"channel {names[0]} sells" if len(names) == 1 else f"channels {', '.join(names)} sell"
    why = sells if names else f"a plan accepts {allowed} ones"
    return (
        f"{weights.setting}: the licence of checkpoint {weights.checkpoint} is {in_words(weights.licence)}, and {why}"
    )


def _remedy(licence: Licence) -> str:
    if licence.use == "conditional":
        return f"Read its conditions; if you meet them, set CATALOG_LICENCES=conditional, or {STATE_IT}"
    if licence.said_by == NOT_HERE:
        return f"Its folder is not on this machine: plan where it is, or {STATE_IT}"
    if licence.use == "unknown":
        return f"Find out, then {STATE_IT}, or use another checkpoint"
    return f"Use another checkpoint, {STATE_IT} if a contract allows more, or set CATALOG_LICENCES=any"
