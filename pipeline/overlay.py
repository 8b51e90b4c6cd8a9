"""Puts what a brief asks for over a shoot: the same vocabulary, a smaller set of pictures."""

from collections.abc import Mapping
from typing import Any

from pydantic import ValidationError

from pipeline.core.backdrops import Backdrop
from pipeline.core.domain import Angle, Frozen
from pipeline.core.edits import Edits
from pipeline.core.errors import BadInput
from pipeline.core.records import Light
from pipeline.language.briefs.plan import EditPlan, Overlay, Wish, given
from pipeline.shoot import Shoot

SETTABLE: dict[str, type[Light] | type[Edits]] = {"light": Light, "edits": Edits}  # settings of a redo, by prefix
OWN_FRAME = "own_frame"  # the channel that keeps the frame which a picture's edits leave


def with_request(shoot: Shoot, overlay: Overlay) -> tuple[Shoot, tuple[str, ...]]:
    """The shoot as the request changes it, and the names of the angles to make.

    The shoot's own angles stay among the angles, because they decide whether there is a splat; what has been made for
    them is not made anew. A brief that sets a picture's frame and names no channel is made in that frame. Raises
    BadInput when an angle of the request has the name of another one.
    """
    own = {angle.name: angle for angle in shoot.angles}
    for angle in overlay.angles:
        same = own.setdefault(angle.name, angle)
        if (same.azimuth_deg - angle.azimuth_deg) % 360 or same.elevation_deg != angle.elevation_deg:
            raise BadInput(
                f"the angle {angle.name!r} of the request is at {angle.azimuth_deg:g}°, {angle.elevation_deg:g}°, that "
                f"of shoot.yaml at {same.azimuth_deg:g}°, {same.elevation_deg:g}°",
                remedy="Give it another name",
            )
    only = tuple(angle.name for angle in overlay.angles or shoot.angles)
    edits = {**shoot.edits, **{name: _edited(shoot.edits.get(name), added) for name, added in overlay.edits.items()}}
    capture = shoot.capture.model_copy(update={"light": overlay.light} if overlay.light else {})
    changed = shoot.model_copy(
        update={
            "angles": tuple(own.values()),
            "backdrops": overlay.backdrops or shoot.backdrops,
            "channels": overlay.channels or ((OWN_FRAME,) if _sets_frame(overlay) else shoot.channels),
            "edits": edits,
            "capture": capture,
        }
    )
    return changed, only


def for_asset(edit: EditPlan, angle: Angle, backdrop: Backdrop) -> EditPlan:
    """The plan of a redo: where the brief names no angle or no backdrop, those of the asset that was sent back."""
    angles = edit.shoot.angles or (angle,)
    others = edit.shoot.edits.keys() - {angle.name for angle in angles}
    overlay = edit.shoot.model_copy(
        update={
            "angles": angles,
            "backdrops": edit.shoot.backdrops or (backdrop,),
            "edits": {name: edits for name, edits in edit.shoot.edits.items() if name not in others},
        }
    )
    wishes = (
        wish for wish in edit.wishes if not (wish.target.startswith("edits.") and wish.target.split(".")[1] in others)
    )
    return edit.model_copy(update={"shoot": overlay, "wishes": tuple(wishes)})


class Settings(Frozen):
    """Settings of a redo, validated: `light` and `edits` have only those that are set."""

    light: dict[str, Any] = {}
    edits: dict[str, Any] = {}


def settings_of(values: Mapping[str, Any]) -> Settings:
    """Parse `light.<name>` and `edits.<name>`, names and values as in shoot.yaml.

    Raises BadInput for a setting that there is not, or a value that it cannot have.
    """
    known = [f"{part}.{field}" for part, kind in SETTABLE.items() for field in kind.model_fields]
    found: dict[str, dict[str, Any]] = {}
    for name, value in values.items():
        if name not in known:
            remedy = f"Use {', '.join(known)}; change other settings in shoot.yaml or in the preset"
            raise BadInput(f"a redo has no setting {name!r}", remedy=remedy)
        part, _, field = name.partition(".")
        try:
            valid = getattr(SETTABLE[part].model_validate({field: value}), field)
        except ValidationError as error:
            raise BadInput(f"--set {name}={value}: {error.errors()[0]['msg']}", remedy="Give another value") from None
        found.setdefault(part, {})[field] = valid
    return Settings.model_validate(found)


def with_settings(edit: EditPlan, light: Light, settings: Settings) -> EditPlan:
    """The plan with these settings, the edits for all of its angles. `light`: that of the shoot."""
    overlay, wishes = edit.shoot, list(edit.wishes)
    if settings.light:
        lit = (overlay.light or light).model_copy(update=settings.light)
        overlay = overlay.model_copy(update={"light": lit})
        wishes += [Wish(text=f"light.{name}", route="setting", target="light") for name in settings.light]
    for angle in overlay.angles if settings.edits else ():
        edits = _edited(overlay.edits.get(angle.name), Edits().model_copy(update=settings.edits))
        overlay = overlay.model_copy(update={"edits": {**overlay.edits, angle.name: edits}})
        wishes += [
            Wish(text=f"edits.{name}", route="exact_edit", target=f"edits.{angle.name}.{name}")
            for name in settings.edits
        ]
    return edit.model_copy(update={"shoot": overlay, "wishes": tuple(wishes)})


def _sets_frame(overlay: Overlay) -> bool:
    return any(edits.crop or edits.size_px or edits.resize != 1.0 for edits in overlay.edits.values())


def _edited(own: Edits | None, added: Edits) -> Edits:
    """The shoot's edits of an angle, replaced where the request gives its own; of `resize` and `size_px`, one."""
    update = {name: getattr(added, name) for name in given(added)}
    if "size_px" in update:
        update["resize"] = 1.0
    elif "resize" in update:
        update["size_px"] = None
    return (own or Edits()).model_copy(update=update)
