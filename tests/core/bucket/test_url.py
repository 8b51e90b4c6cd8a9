import pytest

from pipeline.core.bucket.url import BucketUrl


@pytest.mark.parametrize("text", ["s3://shop/catalog/store", "gs://shop", "az://shop/a"])
def test_url_is_read_and_written(text: str) -> None:
    assert str(BucketUrl.parse(text)) == text
    assert str(BucketUrl.parse(f"{text}/")) == text
    assert BucketUrl.parse(text).folder("x") == BucketUrl.parse(f"{text}/x")
    assert BucketUrl.parse(text) / "y/z" == f"{text}/y/z"


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("http://shop/a", "not the URL of a bucket"),
        ("s3://key:secret@shop/a", "credentials belong into environment variables"),
        ("s3://shop/a?X-Amz-Signature=secret", "credentials belong into environment variables"),
        ("az://shop/a#secret", "credentials belong into environment variables"),
        ("s3:///a", "no valid bucket name"),
        ("s3://shop:secret/a", "no valid bucket name"),
        ("s3://shop/a//b", "empty part"),
        ("s3://shop/../b", "empty part"),
    ],
)
def test_unusable_url_is_refused_without_its_secret(text: str, says: str) -> None:
    with pytest.raises(ValueError, match=says) as refused:
        BucketUrl.parse(text)
    assert "secret" not in str(refused.value)
