"""Words of everyday prompts beyond the closed vocabulary, and what they say in its terms.

Only the reader of prompts knows them: the tokenizer's own list is part of a checkpoint and stays short.
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
    ("gentle morning window overcast daylight", {"softness": "soft"}),
    ("strong spotlight sunlight sunny midday", {"softness": "hard"}),
    ("overhead top", {"side": "front"}),
)
IMPLIED: dict[str, dict[str, str]] = {word: says for words, says in _IMPLIED for word in words.split()}
"""What a word implies, where no other word says it outright: oak is wood, and tan unless the prompt says white."""

TONES: dict[str, tuple[str, str]] = {
    "warm": ("tan", "beige"),
    "cool": ("beige", "grey"),
    "pale": ("beige", "white"),
    "dark": ("brown", "charcoal"),
}
"""The colour that a tone means: of wood, of anything else."""

OF_MATERIAL: dict[str, str] = {"wood": "tan", "concrete": "grey", "linen": "beige", "caustics": "blue"}
"""The colour that a material has where the prompt says none; the others are white."""

SILENT = frozenset({"an", "at", "by", "for", "is", "it", "its", "to"})
"""Words that ask for nothing, beyond the vocabulary's own fillers."""
