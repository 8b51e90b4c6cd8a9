import pytest

from tests.language.briefs.briefs import verdict

TEXT = "front on white, a vase with tulips on the left"


@pytest.mark.parametrize(
    ("refused", "expected"),
    [
        (["a vase with tulips on the left"], "exact"),
        (["vase", "tulips"], "exact"),
        (["vase"], "exact"),
        (["vas"], "lost"),
        (["vase", "white"], "lost"),
        ([], "set"),
    ],
)
def test_refusals_are_compared_word_for_word_in_any_number_of_pieces(refused, expected):
    brief = {"text": TEXT, "shoot": {"angles": ["front"], "backdrops": ["white"]}, "refused": refused}
    assert verdict(brief) == expected
