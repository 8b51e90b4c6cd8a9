import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.diffusion.scenes.scene import random_spec
from pipeline.diffusion.scenes.vocabulary import SceneSpec, read_prompt, understand, vocabulary
from pipeline.diffusion.training.data import prompt_variant
from pipeline.diffusion.training.networks import MAX_WORDS, build_tokenizer


@given(st.integers(0, 2**32 - 1))
def test_prompt_of_a_spec_is_parsed_back_to_it(seed):
    spec = random_spec(np.random.default_rng(seed))
    assert read_prompt(spec.prompt) == spec


@pytest.mark.parametrize(
    ("prompt", "expected", "passed_over"),
    [
        (
            "warm oak wood table, soft light from the left",
            SceneSpec(material="wood", colour="tan", horizon="low", side="left"),
            (),
        ),
        (
            "light marble kitchen counter, morning light",
            SceneSpec(material="marble", colour="white", horizon="low"),
            ("kitchen",),
        ),
        (
            "Oak table, harsh light from the LEFT",
            SceneSpec(material="wood", colour="tan", horizon="low", softness="hard", side="left"),
            (),
        ),
        (
            "gray cement wall with a high horizon",
            SceneSpec(material="concrete", colour="grey", horizon="high"),
            ("wall",),
        ),
        ("dark walnut desk", SceneSpec(material="wood", colour="brown", horizon="low"), ()),
        ("white oak on a middle horizon", SceneSpec(material="wood", colour="white", horizon="middle"), ()),
        ("dark linen", SceneSpec(material="linen", colour="charcoal"), ()),
        ("soft light, blue paper, then pink", SceneSpec(colour="blue"), ("then", "pink")),
        ("木 wood", SceneSpec(material="wood", colour="tan"), ("木",)),
        ("on the beach at sunset", SceneSpec(), ("beach", "sunset")),
        ("", SceneSpec(), ()),
    ],
)
def test_free_prompt_is_translated_and_ignored_words_are_listed(prompt, expected, passed_over):
    reading = understand(prompt)
    assert reading.spec == read_prompt(prompt) == expected
    assert reading.passed_over == passed_over


@given(st.text(max_size=300))
@settings(deadline=None)  # the first call imports the tokenizer's libraries
def test_any_prompt_is_translated_into_known_tokens(prompt):
    tokenizer = build_tokenizer()
    tokens = tokenizer(understand(prompt).prompt).input_ids
    assert len(tokens) <= MAX_WORDS
    assert tokenizer.unk_token_id not in tokens


def test_every_vocabulary_word_is_one_token_and_others_are_unknown():
    tokenizer = build_tokenizer()
    for word in vocabulary():
        ids = tokenizer(word).input_ids
        assert len(ids) == 3
        assert tokenizer.unk_token_id not in ids
    assert tokenizer("sunset").input_ids[1] == tokenizer.unk_token_id


@given(st.integers(0, 2**32 - 1))
@settings(deadline=None)
def test_training_prompts_fit_the_text_encoder_and_match_the_scene(seed):
    rng = np.random.default_rng(seed)
    spec = random_spec(rng)
    text = prompt_variant(rng, spec)
    tokens = build_tokenizer()(text).input_ids
    assert len(tokens) <= MAX_WORDS
    assert build_tokenizer().unk_token_id not in tokens
    assert read_prompt(text, default=spec) == spec
