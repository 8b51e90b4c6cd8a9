"""Everyday words outside the closed vocabulary, and what they mean in its terms.

Only the prompt parser uses them. The tokenizer's vocabulary is part of a checkpoint and stays short.
"""

_IMPLIED: tuple[tuple[str, dict[str, str]], ...] = (
    ("oak teak bamboo", {"material": "wood", "colour": "tan"}),
    ("pine birch maple ash beech", {"material": "wood", "colour": "beige"}),
    ("walnut mahogany cherry", {"material": "wood", "colour": "brown"}),
    ("timber plank planks boards parquet", {"material": "wood"}),
    ("quartz carrara", {"material": "marble", "colour": "white"}),
    ("stone granite", {"material": "concrete"}),
    ("slate", {"material": "concrete", "colour": "charcoal"}),
    ("cotton canvas wool burlap", {"material": "linen"}),
    ("pool ripples", {"material": "caustics"}),
    ("table tabletop counter countertop worktop desk shelf", {"horizon": "low"}),
    ("floor ground", {"horizon": "middle"}),
    ("studio sweep", {"horizon": "seamless"}),
    ("flatlay", {"horizon": "flat"}),
    ("gentle morning overcast daylight", {"softness": "soft"}),
    ("windows pane panes blinds", {"softness": "window"}),
    ("strong spotlight sunlight sunny midday", {"softness": "hard"}),
    ("overhead top", {"side": "front"}),
)
IMPLIED: dict[str, dict[str, str]] = {word: attributes for words, attributes in _IMPLIED for word in words.split()}
"""Attributes implied by a word unless another word is explicit: oak is wood, and tan unless the prompt says white."""

TONES: dict[str, tuple[str, str]] = {
    "warm": ("tan", "beige"),
    "cool": ("beige", "grey"),
    "pale": ("beige", "white"),
    "bright": ("beige", "white"),
    "dark": ("brown", "charcoal"),
}
"""The colour that a tone stands for: (in wood, in any other material)."""

USUAL_COLOURS: dict[str, str] = {"wood": "tan", "concrete": "grey", "linen": "beige", "caustics": "blue"}
"""The colour of a material if the prompt names none; other materials are white."""

STOP_WORDS = frozenset({"an", "at", "by", "for", "is", "it", "its", "to"})
"""Words without meaning for a scene, in addition to the vocabulary's fillers."""
