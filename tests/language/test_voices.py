import pytest
import yaml

from pipeline.core.errors import BadInput
from pipeline.language.base import Voice
from pipeline.language.voices import banned_in, replaced
from pipeline.plan import params_of
from pipeline.shoot import Shoot
from tests.test_shoot import SHOOT

PRESET = yaml.safe_load("""
caption:
  voice: {banned: [cheap]}
  voices:
    spring: {tone: brisk, banned: [cosy], instead: {mug: cup}}
    autumn: {banned: [fresh]}
""")


def caption_params(collection: str, channels: tuple[str, ...] = ("shopify",)) -> dict[str, object]:
    shoot = Shoot.model_validate({**SHOOT, "collection": collection, "channels": channels})
    return params_of(shoot, PRESET)["caption"]


def test_only_the_voice_of_the_shoots_collection_is_in_the_steps_params() -> None:
    spring = caption_params("spring")
    assert spring["voice"] == {"tone": "brisk", "banned": ["cosy"], "instead": {"mug": "cup"}}
    assert "voices" not in spring and "collection" not in spring and "fresh" not in str(spring)
    assert caption_params("summer")["voice"]["banned"] == ["cheap"]  # type: ignore[index]


def test_title_rules_are_those_of_the_shoots_channels() -> None:
    assert caption_params("spring")["title_rules"] == []
    assert caption_params("spring", ("google", "amazon_main", "shopify"))["title_rules"] == [
        {"channel": "google", "characters": 150, "repeats": None},
        {"channel": "amazon_main", "characters": 200, "repeats": 2},
    ]


@pytest.mark.parametrize(
    ("voices", "message"),
    [("brisk", "voices must be"), ({"winter": {"tune": "x"}}, "tune"), ({"spring": {"banned": "cosy"}}, "banned")],
)
def test_voice_that_cannot_be_used_is_refused_whatever_the_collection(voices: object, message: str) -> None:
    with pytest.raises(BadInput, match=f"step caption: .*{message}"):
        params_of(Shoot.model_validate(SHOOT), {"caption": {"voices": voices}})


def test_words_are_replaced_whole_and_keep_their_capital() -> None:
    voice = Voice(instead={"mug": "cup", "fast": "quick"}, banned=("new", "must have"))
    assert replaced("Mug, mug and smuggler: Fast!", voice) == "Cup, cup and smuggler: Quick!"
    assert banned_in("A Must Have, renewed", voice) == ("must have",)
