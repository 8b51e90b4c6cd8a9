import io
import json
from pathlib import Path

import pytest
from PIL import Image

from pipeline.contract.budget import Budget
from pipeline.contract.runner import Runner
from pipeline.contract.store import Store
from pipeline.core.domain import Angle
from pipeline.core.errors import BadInput, Held, MissingEngine
from pipeline.core.evidence import Claim, Evidence, Measurement
from pipeline.core.records import Caption, Picture, dump_json, load_list
from pipeline.plan import step_params
from pipeline.stages import caption
from tests.language.llm.answers import GOOD
from tests.language.llm.keys import KEY, set_keys
from tests.language.llm.server import Reply, serve
from tests.language.subjects import shirt

ANGLES = (
    Angle(name="left", azimuth_deg=270.0),
    Angle(name="front", azimuth_deg=0.0),
    Angle(name="back", azimuth_deg=180.0),
)
WORDS = {
    "title": "Harbour Tee",
    "brand": "Nordlys",
    "category": "T-shirt",
    "attributes": {"colour": "navy", "material": "cotton"},
}
FACTS = {"title": "Harbour Tee", "brand": "Nordlys", "category": "T-shirt", "colour": "navy", "material": "cotton"}
MEASURED = (
    Measurement(name="colour.white", kind="colour", value="white", number=0.2),
    Measurement(name="pattern", kind="pattern", value="printed"),
)


def inputs(store: Store, refused: set[str]) -> caption.Inputs:
    buffer = io.BytesIO()
    Image.fromarray(shirt((29, 43, 82))).save(buffer, "PNG")
    png = store.put(buffer.getvalue(), "image/png")
    pictures = [
        Picture(angle=angle, source="refused" if angle.name in refused else "captured", reason="because")
        for angle in ANGLES
    ]
    tree = store.put_tree({f"{angle.name}.png": png for angle in ANGLES if angle.name not in refused})
    return caption.Inputs(
        angles=tree,
        pictures=store.put(dump_json(pictures), "application/json"),
        evidence=store.put(dump_json(Evidence(facts=FACTS, measurements=MEASURED)), "application/json"),
    )


def test_front_is_described(store: Store) -> None:
    outputs, manifest, _ = Runner(store).run(caption.STAGE, inputs(store, set()), caption.Params(**WORDS))
    assert outputs.report.angle == "front" and outputs.report.engine == "measured"
    words = Caption.model_validate_json(store.read(outputs.caption))
    assert words.alt_text == "Navy cotton T-shirt, front view"
    assert words.alt_texts == {
        "front": words.alt_text, "left": "Navy cotton T-shirt, left view", "back": "Navy cotton T-shirt, back view",
    }  # fmt: skip
    assert manifest.provenance.cost_usd == 0.0


@pytest.mark.parametrize(("refused", "angle"), [({"front"}, "left"), ({"front", "left"}, "back")])
def test_angle_nearest_to_a_refused_front_is_described(store: Store, refused: set[str], angle: str) -> None:
    outputs = Runner(store).run(caption.STAGE, inputs(store, refused), caption.Params(**WORDS)).outputs
    assert outputs.report.angle == angle
    words = Caption.model_validate_json(store.read(outputs.caption))
    assert set(words.alt_texts) == {one.name for one in ANGLES} - refused


def test_caption_without_a_picture_is_held(store: Store) -> None:
    with pytest.raises(Held, match="every requested angle was refused"):
        Runner(store).run(caption.STAGE, inputs(store, {"left", "front", "back"}), caption.Params(**WORDS))


def test_price_in_the_title_is_held_and_cached(store: Store) -> None:
    params = caption.Params(**{**WORDS, "title": "Tee for $9"})
    for _ in range(2):
        with pytest.raises(Held, match="its title claims"):
            Runner(store).run(caption.STAGE, inputs(store, set()), params)


def test_false_claim_is_dropped_and_listed_and_free_tone_stays(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    set_keys(monkeypatch)
    lie = {**GOOD, "description": f"{GOOD['description']} It is waterproof. A companion for slow mornings."}
    with serve(Reply(json.dumps(lie)), Reply(json.dumps(lie))) as server:
        monkeypatch.setenv("ANTHROPIC_BASE_URL", server.url)
        params = caption.Params.model_validate({"engine": "llm", "tone": "free", **WORDS})
        outputs = Runner(store).run(caption.STAGE, inputs(store, set()), params).outputs
    words = Caption.model_validate_json(store.read(outputs.caption))
    assert "waterproof" not in words.description and words.description.endswith("A companion for slow mornings.")
    claims = load_list(Claim, store.read(outputs.claims))
    assert [claim.words for claim in claims if claim.dropped and claim.kind == "use"] == ["waterproof"]
    assert any("waterproof" in dropped for dropped in outputs.report.dropped)
    assert "waterproof" in json.dumps(server.requests[-1])


def test_cost_follows_the_models_tokens(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    prices = {"usd_per_million_input_tokens": 3.0, "usd_per_million_output_tokens": 15.0}
    params = caption.Params.model_validate({"engine": "llm", **prices, **WORDS})
    set_keys(monkeypatch)
    with serve(Reply("no"), Reply(json.dumps(GOOD))) as server:
        monkeypatch.setenv("ANTHROPIC_BASE_URL", server.url)
        outputs, manifest, _ = Runner(store).run(caption.STAGE, inputs(store, set()), params)
        again, _, computed = Runner(store).run(caption.STAGE, inputs(store, set()), params)
    assert manifest.provenance.cost_usd == pytest.approx(2 * (1000 * 3 + 200 * 15) / 1e6)
    assert (outputs.report.attempts, outputs.report.input_tokens) == (2, 2000)
    assert again == outputs and not computed and len(server.requests) == 2
    stored = b"".join(path.read_bytes() for path in store.root.rglob("*") if path.is_file())
    assert KEY.encode() not in stored


def test_listed_price_becomes_the_cost_and_is_noted(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    set_keys(monkeypatch)
    with serve(Reply(json.dumps(GOOD))) as server:
        monkeypatch.setenv("ANTHROPIC_BASE_URL", server.url)
        outputs, manifest, _ = Runner(store).run(
            caption.STAGE, inputs(store, set()), caption.Params.model_validate({"engine": "llm", **WORDS})
        )
    assert 0 < manifest.provenance.cost_usd < 0.1
    assert outputs.report.notes[0].startswith("prices: genai-prices")


def test_run_beyond_its_limit_is_held_until_the_next_run(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    set_keys(monkeypatch)
    params = caption.Params.model_validate({"engine": "llm", **WORDS})
    with serve(Reply(json.dumps(GOOD))) as server:
        monkeypatch.setenv("ANTHROPIC_BASE_URL", server.url)
        spent, fresh = (Budget.of_run(store.storage, run, limit_usd=0.05) for run in ("monday", "tuesday"))
        spent.pay(0.049)
        with pytest.raises(Held, match=r"no caption yet: .* the run has 0\.0010 USD left") as held:
            Runner(store, budget=spent).run(caption.STAGE, inputs(store, set()), params)
        assert (held.value.code, held.value.passing) == ("caption-run-limit", True) and server.requests == []
        finished = Runner(store, budget=fresh).run(caption.STAGE, inputs(store, set()), params)
    assert finished.computed and 0.03 < fresh.left_usd < 0.05


def test_missing_key_is_not_held(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("ANTHROPIC_API_KEY", "ANTHROPIC_AUTH_TOKEN"):
        monkeypatch.delenv(name, raising=False)
    with pytest.raises(MissingEngine, match="ANTHROPIC_API_KEY"):
        Runner(store).run(
            caption.STAGE, inputs(store, set()), caption.Params.model_validate({"engine": "llm", **WORDS})
        )


def test_same_texts_give_the_same_bytes(tmp_path: Path) -> None:
    digests = set()
    for name in ("one", "two"):
        store = Store(tmp_path / name)
        outputs = Runner(store).run(caption.STAGE, inputs(store, set()), caption.Params(**WORDS)).outputs
        digests.add(outputs.caption.sha256)
    assert len(digests) == 1


def test_voice_and_title_rules_reach_the_writer(store: Store) -> None:
    params = caption.Params.model_validate(
        {
            **WORDS,
            "language": "de",
            "collection": "spring",
            "voices": {"spring": {"instead": {"Marineblau": "Navy"}}, "autumn": {"banned": ["Navy"]}},
            "title_rules": [{"channel": "google", "characters": 150}],
        }
    )
    outputs = Runner(store).run(caption.STAGE, inputs(store, set()), params).outputs
    words = Caption.model_validate_json(store.read(outputs.caption))
    assert words.description == "Ein T-Shirt aus Baumwolle in Navy von Nordlys."
    assert set(words.titles) == {"google"} and "Marineblau" not in "".join(words.titles.values())


def test_banned_word_is_in_no_text_of_the_writer(store: Store) -> None:
    params = caption.Params.model_validate({**WORDS, "voice": {"banned": ["tee", "cotton"]}})
    outputs = Runner(store).run(caption.STAGE, inputs(store, set()), params).outputs
    words = Caption.model_validate_json(store.read(outputs.caption))
    assert words.title == "Nordlys Harbour" and "cotton" not in words.description.lower()


@pytest.mark.parametrize(
    ("language", "what"), [("xx", "writes en, de, fr, not 'xx'"), ("klingon", "'klingon' is not a language tag")]
)
def test_language_that_the_engine_does_not_write_is_refused_when_planned(language: str, what: str) -> None:
    with pytest.raises(BadInput, match=what):
        step_params("caption", {"language": language})
    assert step_params("caption", {"language": "de-AT"}).language == "de-AT"
    assert step_params("caption", {"language": "xx", "engine": "llm"}).language == "xx"
