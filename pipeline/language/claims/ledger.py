"""The claim ledger of a caption: every claim with its evidence, and the caption without those that do not hold."""

import re
from collections.abc import Iterator

from pipeline.core.errors import Held
from pipeline.core.evidence import Claim, ClaimKind, Evidence
from pipeline.core.records import Caption
from pipeline.language.base import Tone
from pipeline.language.claims.find import claims_in
from pipeline.language.claims.judge import judged
from pipeline.language.claims.known import EvidenceIndex
from pipeline.language.claims.promises import has_promise
from pipeline.language.claims.terms import FILES
from pipeline.language.lexicon.words import LANGUAGES

SENTENCE_END = re.compile(r"(?<=[.!?…])[\"”»)]*\s+(?=[A-ZÄÖÜÉÈÀÇ0-9«„“\"])")
MEASURED = "measured_"  # begins the names of attributes that the embedded writer measured
KINDS: dict[str, ClaimKind] = {  # attribute names that say what kind of claim their value is
    **FILES,
    **{kind: kind for kind in FILES.values()},
    "care": "use",
    "capacity": "size",
    "color": "colour",
    "dimensions": "size",
    "weight": "size",
    "made in": "origin",
}


def ledger(caption: Caption, evidence: Evidence, tone: Tone = "strict") -> tuple[Claim, ...]:
    """Every claim of the caption, judged; the same claim of a field once.

    A sentence or a bullet without a recognised claim is one claim of kind `other`, which statements that it repeats
    support. With `tone` free, a sentence is none unless it has a sign of a promise. In a language that the terms do not
    have, most claims are not recognised, and such a text is no claim.
    """
    known, language = EvidenceIndex(evidence), caption.language.split("-")[0]
    claims: dict[tuple[str, str, str], Claim] = {}
    for field, text in _parts(caption):
        spoken = "en" if field == "prompt" else language
        found = [judged(field, claim, known) for claim in claims_in(text, spoken)]
        if not found and field in {"description", "bullets"} and language in LANGUAGES:
            claimed = tone == "strict" or field == "bullets" or has_promise(text, language)
            found = [_other(field, text, known)] if claimed else []
        for claim in found:
            claims.setdefault((claim.field, claim.words.casefold(), claim.value), claim)
    for claim in _attributes(caption, known, language):
        claims.setdefault((claim.field, claim.words.casefold(), claim.value), claim)
    return tuple(claims.values())


def stands(claim: Claim) -> bool:
    """Whether a claim may be published: only with evidence."""
    return claim.verdict == "supported"


def objections(claims: tuple[Claim, ...]) -> tuple[str, ...]:
    """What is wrong with the claims, as one sentence each, for their writer."""
    return tuple(f"{claim.field} claims {claim.words!r}: {claim.reason}" for claim in claims if not stands(claim))


def without_false(caption: Caption, claims: tuple[Claim, ...]) -> tuple[Caption, tuple[Claim, ...]]:
    """The caption without the sentences, bullets and attributes of claims that do not stand, and the ledger of it.

    Raises Held when the title makes such a claim, or no sentence of the description is left.
    """
    false = [claim for claim in claims if not stands(claim)]
    if not false:
        return caption, claims
    in_title = [claim for claim in false if claim.field == "title"]
    if in_title:
        raise _held(f"its title claims {in_title[0].words!r}, but {in_title[0].reason}")
    words = {field: [c.words for c in false if c.field == field] for field in {claim.field for claim in false}}
    description = _kept(SENTENCE_END.split(caption.description), words.get("description", []))
    if not description:
        raise _held("no sentence of its description is supported")
    bare = set(words.get("attributes", []))
    kept = caption.model_copy(
        update={
            "description": " ".join(description),
            "bullets": tuple(_kept(caption.bullets, words.get("bullets", []))),
            "titles": {
                name: text for name, text in caption.titles.items() if not _says_any(text, words.get("titles", []))
            },
            "alt_text": _alt_text(caption.alt_text, words.get("alt_text", []), caption.title),
            "alt_texts": {
                angle: _alt_text(text, words.get("alt_text", []), caption.title)
                for angle, text in caption.alt_texts.items()
            },
            "attributes": {
                name: value for name, value in caption.attributes.items() if _attribute(name, value) not in bare
            },
            "prompt": _without_words(caption.prompt, words.get("prompt", [])),
        }
    )
    return kept, tuple(claim if stands(claim) else claim.model_copy(update={"dropped": True}) for claim in claims)


def _held(why: str) -> Held:
    return Held(
        f"the caption cannot be published: {why}",
        code="caption-claims-unsupported",
        remedy="Add the fact to shoot.yaml if it is true, or use another model or engine",
    )


def _parts(caption: Caption) -> Iterator[tuple[str, str]]:
    """Every piece of text of the caption with its field; attributes are apart."""
    yield "title", caption.title
    yield from (("titles", text) for text in dict.fromkeys(caption.titles.values()))
    yield from (("description", sentence) for sentence in SENTENCE_END.split(caption.description) if sentence.strip())
    yield from (("bullets", bullet) for bullet in caption.bullets)
    yield from (("alt_text", text) for text in dict.fromkeys((caption.alt_text, *caption.alt_texts.values())))
    yield "prompt", caption.prompt


def _attributes(caption: Caption, known: EvidenceIndex, language: str) -> Iterator[Claim]:
    """The claims of the attributes. One that shoot.yaml states is supported by it, another one needs evidence."""
    for name, value in caption.attributes.items():
        if caption.engine == "measured" and name.startswith(MEASURED):
            yield _measured(name, value, known)
            continue
        if known.evidence.facts.get(name) == value:
            yield Claim(
                field="attributes",
                kind=KINDS.get(name.replace("_", " ").lower(), "other"),
                words=_attribute(name, value),
                value=value,
                evidence=(f"fact:{name}",),
                verdict="supported",
            )
            continue
        found = [judged("attributes", claim, known) for claim in claims_in(value, language)]
        false = [claim for claim in found if not stands(claim)]
        for claim in false or found or [_unknown(name, value, known)]:
            yield claim.model_copy(update={"words": _attribute(name, value)})


def _measured(name: str, value: str, known: EvidenceIndex) -> Claim:
    """What the embedded writer itself measured in the caption's picture."""
    kind: ClaimKind = "colour" if name.endswith("colours") else "size"
    measured = [one.id for one in known.measured("colour" if kind == "colour" else "proportion")]
    return Claim(
        field="attributes",
        kind=kind,
        words=_attribute(name, value),
        value=value,
        evidence=tuple(measured),
        verdict="supported",
    )


def _unknown(name: str, value: str, known: EvidenceIndex) -> Claim:
    """An attribute without a recognised claim: in a shop's filters it needs evidence like any other."""
    stated = known.says(value)
    return Claim(
        field="attributes",
        kind="name" if not stated else "other",
        words=_attribute(name, value),
        value=value,
        evidence=tuple(stated),
        verdict="supported" if stated else "unsupported",
        reason="" if stated else "nothing that is known of the product says so",
    )


def _other(field: str, text: str, known: EvidenceIndex) -> Claim:
    backing = known.backing(text)
    return Claim(
        field=field,
        kind="other",
        words=text,
        value=" ".join(text.casefold().split()),
        evidence=tuple(dict.fromkeys(backing)),
        verdict="supported" if backing else "unsupported",
        reason="" if backing else "nothing that is known of the product says so",
    )


def _attribute(name: str, value: str) -> str:
    return f"{name}: {value}"


def _kept(parts: tuple[str, ...] | list[str], false: list[str]) -> list[str]:
    return [part for part in parts if part.strip() and not _says_any(part, false)]


def _says_any(text: str, false: list[str]) -> bool:
    return any(words.casefold() in text.casefold() for words in false)


def _alt_text(text: str, false: list[str], title: str) -> str:
    """An alt text without the phrases that make false claims; its last phrase says from which side it is seen."""
    if not _says_any(text, false):
        return text
    kept = _kept(text.split(", "), false)
    return ", ".join(kept if len(kept) > 1 else [title, *kept])


def _without_words(text: str, false: list[str]) -> str:
    for words in false:
        text = re.sub(re.escape(words), " ", text, flags=re.IGNORECASE)
    return " ".join(text.split()) or "a product photo"
