"""The captions of invented products in three languages, each a file that people have read.

`python -m tests.language.measured.golden_captions` writes the files again. Read every change before you commit it.
"""

from pathlib import Path
from typing import Any

import yaml

from pipeline.core.domain import Angle
from pipeline.core.evidence import Evidence, Measurement, Reading
from pipeline.core.records import Caption
from pipeline.language import measured
from pipeline.language.base import Desk, Facts, Subject, TitleRule
from pipeline.language.checks import faults_of
from pipeline.language.claims.ledger import ledger, objections
from tests.language.subjects import shirt

FOLDER = Path(__file__).parent / "golden"
FILES = sorted(FOLDER.glob("*.yaml"))
LANGUAGES = ("en", "de", "fr")
BESIDE = {"seen", "readings", "measured"}  # what is no fact of shoot.yaml
UNITS = {"size": "mm", "gloss": "share"}
RULES = (TitleRule(channel="google", characters=150), TitleRule(channel="amazon_main", characters=200, repeats=2))
FRONT, BACK = Angle(name="front", azimuth_deg=0.0), Angle(name="back-left", azimuth_deg=225.0, elevation_deg=35.0)


def read(path: Path) -> dict[str, Any]:
    entry: dict[str, Any] = yaml.safe_load(path.read_text(encoding="utf-8"))
    return entry


def subject_of(product: dict[str, Any], language: str) -> Subject:
    """The product as a caption engine gets it. `seen`: measured colours; `readings`: text, score, width and height.

    `measured`: kind, name, value and number of what else was measured.
    """
    facts = Facts.model_validate({key: value for key, value in product.items() if key not in BESIDE})
    colours = [
        Measurement(name=f"colour.{number}", kind="colour", value=name, number=0.6 / (number + 1))
        for number, name in enumerate(product.get("seen", ["teal"]))
    ]
    readings = [
        Reading(number=number, text=text, photo="DSC_0001", box=(0, 0, width, height), score=score)
        for number, (text, score, width, height) in enumerate(product.get("readings", []))
    ]
    stated = {"title": facts.title, "brand": facts.brand, "category": facts.category, **facts.attributes}
    given = {name: value for name, value in stated.items() if value}
    others = [
        Measurement(
            kind=kind, name=name, value=value, number=number, unit=UNITS.get(kind, ""), photos=("DSC_0001", "DSC_0005")
        )
        for kind, name, value, number in product.get("measured", [])
    ]
    evidence = Evidence(facts=given, measurements=(*colours, *others), readings=tuple(readings))
    return Subject(shirt((26, 128, 126)), FRONT, facts, language, (BACK,), evidence, RULES)


def desk_of(subject: Subject) -> Desk:
    """A desk whose review is that of the caption step."""
    return Desk(
        lambda usd: None, lambda draft: (*faults_of(draft, RULES), *objections(ledger(draft, subject.evidence)))
    )


def caption_of(product: dict[str, Any], language: str) -> Caption:
    subject = subject_of(product, language)
    return measured.write(subject, measured.Params(), desk_of(subject)).caption


def shown(caption: Caption) -> dict[str, Any]:
    """What a shopper reads, as the files hold it."""
    return {
        "title": caption.title,
        "titles": caption.titles,
        "description": caption.description,
        "bullets": list(caption.bullets),
        "alt_texts": caption.alt_texts,
        "prompt": caption.prompt,
    }


def main() -> None:
    for path in FILES:
        product = read(path)["product"]
        entry = {"product": product, **{language: shown(caption_of(product, language)) for language in LANGUAGES}}
        path.write_text(yaml.safe_dump(entry, allow_unicode=True, sort_keys=False, width=116), encoding="utf-8")


if __name__ == "__main__":
    main()
