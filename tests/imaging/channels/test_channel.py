import pytest
from pydantic import ValidationError

from pipeline.core.errors import BadInput
from pipeline.core.photo.limits import MAX_PX
from pipeline.imaging.channels.channel import Channel, channel_names, load_channel

EXPECTED = {"amazon_main", "archive", "archive_tiff", "google", "instagram_4x5", "own_frame", "shopify", "zalando"}


def test_the_channels_named_in_the_readme_exist():
    assert set(channel_names()) >= EXPECTED


@pytest.mark.parametrize("name", channel_names())
def test_every_shipped_channel_parses_and_can_be_satisfied(name):
    channel = load_channel(name)
    assert channel.name == name and channel.title and channel.rules
    if channel.width_px is not None:
        assert max(channel.width_px, channel.height_px) >= channel.long_side_at_least_px
        assert channel.width_px * channel.height_px <= MAX_PX
        for framing in (channel.plain, channel.scene or channel.plain):
            assert framing.fill + 2 * channel.margin_at_least <= 1.0
            assert framing.fill >= channel.fill_at_least


def test_channels_have_the_shops_published_limits():
    amazon, zalando, google = load_channel("amazon_main"), load_channel("zalando"), load_channel("google")
    assert amazon.pure_white and amazon.backdrops == ("solid",) and amazon.rendered == "review"
    assert amazon.fill_at_least == 0.85 and amazon.long_side_at_least_px >= 1600 and amazon.media_type == "image/jpeg"
    assert (zalando.width_px, zalando.height_px) == (1801, 2600) and zalando.bytes_at_most <= 20_000_000
    assert google.width_px >= 1500 and google.bytes_at_most <= 16_000_000
    assert (load_channel("shopify").width_px, load_channel("shopify").height_px) == (2048, 2048)
    assert (load_channel("instagram_4x5").width_px, load_channel("instagram_4x5").height_px) == (1080, 1350)
    assert load_channel("archive").bit_depth == 16 and load_channel("archive").width_px is None


def test_scene_framing_applies_only_to_painted_backdrops():
    channel = load_channel("instagram_4x5")
    assert channel.framing("diffusion") == channel.scene
    assert channel.framing("solid") == channel.framing("gradient") == channel.plain


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"width_px": 100}, "go together"),
        ({"bit_depth": 16}, "bit_depth 16"),
        ({"quality": 80}, "quality 80"),
        ({"fill_at_least": 0.95}, "fill_at_least"),
        ({"pure_white": True}, "pure_white"),
        ({"colour": "red"}, "colour"),
        ({"backdrops": []}, "backdrops"),
    ],
)
def test_a_contradictory_channel_is_rejected(change, message):
    good = {"name": "x", "title": "X", "rules": "none", "media_type": "image/jpeg", "backdrops": ["solid", "gradient"]}
    Channel.model_validate(good)
    with pytest.raises(ValidationError, match=message):
        Channel.model_validate({**good, **change})


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("title: [", r"shop\.yaml: line 1 is not YAML"),
        ("title: a\ntitle: b", r"shop\.yaml: line 2: 'title' is given twice"),
        ("title: a", r"shop\.yaml is not a valid channel"),
        ("", r"shop\.yaml is not a valid channel"),
    ],
)
def test_a_broken_file_is_named_in_the_error(tmp_path, text, message):
    (tmp_path / "shop.yaml").write_text(text)
    with pytest.raises(BadInput, match=message):
        load_channel("shop", tmp_path)
    with pytest.raises(BadInput, match="no channel is named"):
        load_channel("../shop", tmp_path)
