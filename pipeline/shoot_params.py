"""The params of each step that come from shoot.yaml."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from pipeline.shoot import Shoot

NO_NAMES: Mapping[str, str] = {}


def shoot_params(
    shoot: Shoot, names: Mapping[str, str] = NO_NAMES, only: Sequence[str] = ()
) -> dict[str, dict[str, Any]]:
    """The params of each step that come from shoot.yaml, only those it needs: a new title must not refit a splat.

    `names`: the safe names of the shoot's photos by file, as `photo_names`; a file that it lacks is known by its stem.
    `only`: the angles to make; empty: all.
    """
    named = {angle: names.get(photo, Path(photo).stem) for angle, photo in shoot.capture.named.items()}
    front = names.get(shoot.capture.front, Path(shoot.capture.front).stem)
    up = [
        {"photo": names.get(level.photo, Path(level.photo).stem), "roll_deg": level.roll_deg}
        for level in shoot.capture.up
    ]
    words = {"title": shoot.title, "brand": shoot.brand, "category": shoot.category, "attributes": shoot.attributes}
    return {
        "sfm": {"rig": shoot.capture.rig, "front": front, "up": up, "level": shoot.capture.level},
        "coverage": {"angles": [angle.model_dump() for angle in shoot.angles], "named": named, "only": list(only)},
        "evidence": words,
        "splat": {"front": front},
        "render": {
            "edits": {angle: edits.model_dump() for angle, edits in shoot.edits.items()},
            "retouch": {angle: [each.model_dump() for each in listed] for angle, listed in shoot.retouch.items()},
        },
        "caption": {
            **words,
            "brief": shoot.brief,
            "collection": shoot.collection,
            "title_rules": _title_rules(shoot),
        },
        "background": {"backdrops": [backdrop.model_dump() for backdrop in shoot.backdrops]},
        "composite": {
            "sku": shoot.sku,
            "title": shoot.title,
            "channels": list(shoot.channels),
            **({"light": shoot.capture.light.model_dump()} if shoot.capture.light else {}),
            "hangs": shoot.capture.hangs,
        },
        "publish": {"sku": shoot.sku, "collection": shoot.collection, **words},
    }


def _title_rules(shoot: Shoot) -> list[dict[str, Any]]:
    """The rules for titles of the shoot's channels that have any."""
    from pipeline.imaging.channels.channel import load_channel

    channels = [load_channel(name) for name in shoot.channels]
    return [
        {"channel": channel.name, "characters": channel.title_at_most, "repeats": channel.title_repeats_at_most}
        for channel in channels
        if channel.title_at_most is not None
    ]
