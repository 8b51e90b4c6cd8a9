from typing import get_args

import pytest

from pipeline.core.media import UNKNOWN, ending_of, media_type_of
from pipeline.imaging.channels.channel import Channel


@pytest.mark.parametrize(
    ("name", "media_type"),
    [
        ("photo.JPG", "image/jpeg"),
        ("a/b.jpeg", "image/jpeg"),
        ("scan.tiff", "image/tiff"),
        ("splat.ply", "model/ply"),
        ("cameras.bin", UNKNOWN),
        ("no-extension", UNKNOWN),
    ],
)
def test_the_media_type_follows_the_extension_in_any_case(name: str, media_type: str) -> None:
    assert media_type_of(name) == media_type


@pytest.mark.parametrize("media_type", get_args(Channel.model_fields["media_type"].annotation))
def test_every_media_type_of_a_channel_has_an_extension(media_type: str) -> None:
    assert media_type_of(f"asset{ending_of(media_type)}") == media_type


def test_a_type_with_two_extensions_is_written_with_the_shorter() -> None:
    assert (ending_of("image/jpeg"), ending_of("image/tiff")) == (".jpg", ".tif")
