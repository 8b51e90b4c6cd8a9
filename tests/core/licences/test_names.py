import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.core.licences.names import FREEDOM, use_of


@pytest.mark.parametrize(
    ("name", "use"),
    [
        ("apache-2.0", "commercial"),
        ("Apache License, Version 2.0", "commercial"),
        ("MIT License", "commercial"),
        ("bsd-3-clause", "commercial"),
        ("cc-by-4.0", "commercial"),
        ("cc0-1.0", "commercial"),
        ("gpl-3.0", "commercial"),
        ("cc-by-nc-4.0", "non-commercial"),
        ("cc-by-nc-sa-4.0", "non-commercial"),
        ("flux-1-dev-non-commercial-license", "non-commercial"),
        ("FLUX.2 Non-Commercial License", "non-commercial"),
        ("bria-rmbg-2.0", "non-commercial"),
        ("creativeml-openrail-m", "conditional"),
        ("openrail++", "conditional"),
        ("bigscience-bloom-rail-1.0", "conditional"),
        ("stabilityai-ai-community", "conditional"),
        ("llama3.2", "conditional"),
        ("gemma", "conditional"),
        ("tongyi-qianwen", "conditional"),
        ("other", "unknown"),
        ("our own", "unknown"),
        ("((", "unknown"),
    ],
)
def test_a_name_tells_what_its_licence_allows(name, use):
    assert use_of(name) == use


def test_of_alternatives_the_freest_counts_and_of_several_together_the_strictest():
    assert use_of("cc-by-nc-4.0 OR mit") == "commercial"
    assert use_of("mit AND cc-by-nc-4.0") == "non-commercial"
    assert use_of("(mit OR cc-by-nc-4.0) AND creativeml-openrail-m") == "conditional"
    assert use_of("apache-2.0 WITH LLVM-exception") == "commercial"


@settings(max_examples=30)  # the index takes a millisecond per word
@given(st.text(max_size=120))
def test_no_name_is_an_error_and_an_addition_never_frees_one_that_forbids(name):
    assert use_of(name) in FREEDOM
    assert use_of("cc-by-nc-4.0 AND mit") == "non-commercial"


@settings(max_examples=30)
@given(st.from_regex(r"[a-z0-9 .-]{0,20}", fullmatch=True))
def test_whatever_else_a_name_says_non_commercial_forbids(extra):
    assert use_of(f"{extra}-non-commercial") == "non-commercial"
