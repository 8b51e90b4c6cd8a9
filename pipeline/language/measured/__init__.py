"""Writes captions in English, German and French from what is known of the product, without weights or network.

Every sentence says a fact of shoot.yaml, what was measured in the photos, or text that was read off the product with a
high score.
"""

import re
from typing import Literal, get_args

from pipeline.core.domain import Frozen
from pipeline.core.errors import BadInput
from pipeline.core.records import Caption
from pipeline.language.base import Desk, Subject, Written
from pipeline.language.checks import LIMITS, cut
from pipeline.language.lexicon.words import Language
from pipeline.language.measured.editor import Editor
from pipeline.language.measured.measures import certain
from pipeline.language.measured.picture import colour_notes, seen_colours
from pipeline.language.measured.product import product_of
from pipeline.language.measured.texts import alt_words, bullets, description, prompt
from pipeline.language.measured.titles import channel_titles, full_title
from pipeline.language.views import alt_texts, view_words

NAMES: dict[Language, str] = {"en": "English", "de": "German", "fr": "French"}
QUOTED = re.compile(r"['\"\u2018\u201c]([^'\"\u2018\u2019\u201c\u201d]{2,})['\"\u2019\u201d]")

LANGUAGES: tuple[str, ...] = tuple(NAMES)


class Params(Frozen):
    """The engine has no settings."""

    engine: Literal["measured"] = "measured"


def require_here(params: Params) -> str:  # noqa: ARG001 - the engine is part of this package, whatever its settings
    """Return what would run on this machine."""
    return "measured"


def write(subject: Subject, params: Params, desk: Desk) -> Written:  # noqa: ARG001 - no settings
    """Describe the subject; phrases that the review objects to are left out of a second draft.

    Raises BadInput for a language other than English, German and French, Held when the picture shows no product.
    """
    language = _language(subject.language)
    written = _draft(subject, language, Editor(subject.voice))
    refused = {words for objection in desk.review(written.caption) for words in QUOTED.findall(objection)}
    if not refused:
        return written
    editor = Editor(subject.voice, frozenset(refused))
    return _draft(subject, language, editor).model_copy(update={"attempts": 2})


def _language(tag: str) -> Language:
    for language in get_args(Language):
        if tag.split("-", maxsplit=1)[0] == language:
            known: Language = language
            return known
    raise BadInput(
        f"the caption engine `measured` writes {', '.join(NAMES.values())}, not {tag!r}",
        remedy=f"Set language: {', '.join(NAMES)} for the step caption, or use another engine",
    )


def _draft(subject: Subject, language: Language, editor: Editor) -> Written:
    seen = seen_colours(subject)
    product = product_of(subject.facts, seen, language, editor, certain(subject.evidence))
    english = product if language == "en" else product_of(subject.facts, seen, "en", editor)  # for the diffusion
    title, left_out = full_title(subject.facts, product, editor)
    views = {angle.name: view_words(angle, language) for angle in subject.angles}
    texts = alt_texts(alt_words(product, title, editor), views)
    caption = Caption(
        engine="measured",
        language=subject.language,
        title=cut(title, LIMITS["title"]),
        description=description(product, title, subject.evidence, editor),
        bullets=bullets(product, editor),
        titles=channel_titles(title, product, subject.title_rules, editor),
        alt_text=texts[subject.angle.name],
        alt_texts=texts,
        attributes=subject.facts.attributes,
        prompt=cut(prompt(english), LIMITS["prompt"]),
    )
    return Written(caption=caption, notes=(*colour_notes(subject.facts, seen), *_untranslated(left_out, language)))


def _untranslated(words: tuple[str, ...], language: Language) -> tuple[str, ...]:
    if not words:
        return ()
    return (f"the title's {', '.join(map(repr, words))} has no known word in {NAMES[language]} and is left out",)
