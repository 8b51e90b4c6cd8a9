"""States facts in English, so that a claim that shoot.yaml makes in another language is known as given."""

from collections.abc import Mapping

from pipeline.language.lexicon.concepts import concept_of
from pipeline.language.lexicon.tables import materials
from pipeline.language.lexicon.words import LIST_MARKS, key_of


def english_of(attributes: Mapping[str, str]) -> str:
    """The attributes' labels, known values and materials in English, one per line."""
    words = []
    for name, value in attributes.items():
        concept = concept_of(name)
        if concept is None:
            continue
        words.append(concept.label["en"])
        for part in (value, *LIST_MARKS.split(value)):
            known, material = concept.values.get(key_of(part)), materials().get(key_of(part.split("%")[-1]))
            words += [known.words["en"]] if known else []
            words += [material.en] if material else []
    return "\n".join(words)
