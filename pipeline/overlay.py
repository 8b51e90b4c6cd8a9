"""Puts what a brief asks for over a shoot: the same vocabulary, a smaller set of pictures."""

from pipeline.core.edits import Edits
from pipeline.core.errors import BadInput
from pipeline.language.briefs.plan import Overlay, given
from pipeline.shoot import Shoot

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
