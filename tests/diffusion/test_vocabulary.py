import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.diffusion.networks import MAX_WORDS, build_tokenizer
from pipeline.diffusion.scenes import random_spec
from pipeline.diffusion.training_data import prompt_variant
from pipeline.diffusion.vocabulary import SceneSpec, read_prompt, vocabulary


@given(st.integers(0, 2**32 - 1))
def test_a_prompt_says_everything_about_its_scene(seed):
    spec = random_spec(np.random.default_rng(seed))
    assert read_prompt(spec.prompt) == spec


@pytest.mark.parametrize(
    ("prompt", "expected"),
    [
        ("Oak table, harsh light from the LEFT", SceneSpec(material="wood", softness="hard", side="left")),
        ("gray cement wall with a high horizon", SceneSpec(material="concrete", colour="grey", horizon="high")),
        ("on the beach at sunset", SceneSpec()),
        ("", SceneSpec()),
    ],
)
def test_free_prompts_are_read_with_synonyms_and_defaults(prompt, expected):
    assert read_prompt(prompt) == expected


def test_every_word_of_the_vocabulary_is_one_known_token_and_others_are_unknown():
    tokenizer = build_tokenizer()
    for word in vocabulary():
        ids = tokenizer(word).input_ids
        assert len(ids) == 3
        assert tokenizer.unk_token_id not in ids
    assert tokenizer("sunset").input_ids[1] == tokenizer.unk_token_id


@given(st.integers(0, 2**32 - 1))
def test_prompts_of_training_fit_the_text_encoder_and_name_the_scene(seed):
    rng = np.random.default_rng(seed)
    spec = random_spec(rng)
    text = prompt_variant(rng, spec)
    tokens = build_tokenizer()(text).input_ids
    assert len(tokens) <= MAX_WORDS
    assert build_tokenizer().unk_token_id not in tokens
    assert read_prompt(text, default=spec) == spec
