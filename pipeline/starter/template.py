"""The text of a first shoot.yaml: above every field, a comment explains it and the origin of its value."""

from pipeline.core.domain import Frozen
from pipeline.core.yaml_file.write import one_line
from pipeline.posing.frame import Rig
from pipeline.starter.categories import CategoryPreset


class Draft(Frozen):
    """The values of a first shoot.yaml, and the reasons for guessed ones."""

    sku: str
    sku_reason: str
    collection: str
    title: str
    photos: str
    front: str
    front_reason: str
    rig: Rig
    rig_reason: str
    preset: CategoryPreset
    preset_name: str


TEMPLATE = """\
# Written by `catalog init` from {photos}.
# Check values marked "Guessed", and fill in those marked "Edit".

# The product's number in the shop: letters, digits, dot, dash, underscore. {sku_reason}.
sku: {sku}
# The season or campaign that the product belongs to. Guessed: the parent folder's name.
collection: {collection}
# Edit these three, which the shop shows; captions are written from them.
title: {title}
brand: Your brand
category: {category}
# Edit: facts about the product, as `name: value`. Captions use them and add no others.
#   attributes: {{colour: teal, material: stoneware, capacity: 350 ml}}
attributes: {{}}

capture:
  # turntable (the product turns, the camera does not move) or handheld (the camera moves around the product).
  # {rig_reason}.
  rig: {rig}
  # What is behind the product in the photos; a note for people.
  backdrop: plain
  # The main lamp, relative to the camera; drawn shadows fall away from it. Negative azimuth: from the left.
  #   light: {{azimuth_deg: -40, elevation_deg: 48}}
  # Gap between product and floor, as a share of the product's height, 0 to 1: 0 if it stands, more if it hangs.
  hangs: {hangs}
  # The photo of the product's front, which is azimuth 0. {front_reason}.
  front: {front}
  # Angles that a photo shows, as `angle: photo`; these work even if no camera position can be found.
  named: {named}

# The pictures to make, from category preset `{preset_name}`: {preset_title}. Azimuth 0 is the front, 90 the side on the
# shopper's right, 180 the back; elevation is the camera's height above the horizon. An angle close to a photo uses
# that photo, one between photos is rendered, and one on a side that was not photographed is refused.
angles:
{angles}
# What is behind the product in the pictures: solid, gradient, or painted from a prompt (diffusion).
#   - {{name: oak, kind: diffusion, prompt: 'warm oak wood table, soft light from the left'}}
backdrops:
  - {{name: white, kind: solid, colour: '#ffffff'}}
# Where the pictures are sold. Each name is a file in pipeline/imaging/channels, with that shop's rules.
channels: [amazon_main, shopify]
# Exact edits of an angle's picture, as `angle: edits`.
#   edits: {{front: {{rotate_deg: 0.5, brightness_ev: 0.1}}}}
# What a copywriter should know, in your words.
#   brief: A hand-glazed mug with a harbour drawn all the way around.
"""


def shoot_text(draft: Draft) -> str:
    """Return the text of shoot.yaml; `parse_shoot` gets back the values of `draft` from it."""
    angles = draft.preset.angles
    named = {"front": draft.front} if "front" in {angle.name for angle in angles} else {}
    return TEMPLATE.format(
        photos=draft.photos,
        sku=one_line(draft.sku),
        sku_reason=_sentence(draft.sku_reason),
        collection=one_line(draft.collection),
        title=one_line(draft.title),
        category=one_line(draft.preset.category),
        rig=draft.rig,
        rig_reason=_sentence(draft.rig_reason),
        hangs=draft.preset.hangs,
        front=one_line(draft.front),
        front_reason=_sentence(draft.front_reason),
        named=one_line(named),
        preset_name=draft.preset_name,
        preset_title=draft.preset.title,
        angles="".join(f"  - {one_line(angle.model_dump())}\n" for angle in angles),
    )


def _sentence(text: str) -> str:
    return text[0].upper() + text[1:]
