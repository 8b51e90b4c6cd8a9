import json

import pytest
import torch
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from PIL import Image

from pipeline.core.errors import MissingEngine
from pipeline.language.transformers_model import LocalModel, load, without_control
from tests.language.tiny_writers import KINDS, save_tiny_writer

PICTURE = Image.new("RGB", (40, 60), (200, 30, 30))
SCHEMA = {
    "type": "object",
    "properties": {
        "title": {"type": "string", "minLength": 1, "maxLength": 12},
        "colours": {"type": "array", "items": {"enum": ["navy", "red"]}, "minItems": 1, "maxItems": 2},
    },
    "required": ["title", "colours"],
    "additionalProperties": False,
}


@pytest.fixture(scope="module", params=sorted(KINDS))
def model(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> LocalModel:
    return load(save_tiny_writer(tmp_path_factory.mktemp("writers") / request.param, request.param), "0" * 64, "cpu")


def test_random_weights_answer_within_the_schema(model: LocalModel) -> None:
    answer = model.answer("Rules.", [("user", [PICTURE, "What is it?"])], SCHEMA, 200)
    value = json.loads(answer.text)
    assert answer.whole and set(value) == {"title", "colours"} and 1 <= len(value["title"]) <= 12
    assert set(value["colours"]) <= {"navy", "red"}
    assert answer.input_tokens > 20 and 10 < answer.output_tokens < 200


def test_answer_is_the_same_again_and_follows_the_conversation(model: LocalModel) -> None:
    asked = [("user", [PICTURE, "What is it?"])]
    first, again = (model.answer("Rules.", asked, SCHEMA, 200) for _ in range(2))
    more = model.answer("Rules.", [*asked, ("assistant", [first.text]), ("user", ["No."])], SCHEMA, 200)
    assert first == again and more.input_tokens > first.input_tokens


def test_answer_at_the_limit_of_tokens_is_not_whole(model: LocalModel) -> None:
    answer = model.answer("Rules.", [("user", [PICTURE, "What is it?"])], SCHEMA, 10)
    assert not answer.whole and answer.output_tokens == 10


def test_control_tokens_in_a_text_are_read_as_text(model: LocalModel) -> None:
    tokenizer = model.processor.tokenizer
    control = {"</s>", "<|im_start|>", *(token for token in tokenizer.get_added_vocab() if "image" in token)}
    plain = model.answer("Rules.", [("user", [PICTURE, "x"])], SCHEMA, 1).input_tokens
    for token in control:
        read = model.answer("Rules.", [("user", [PICTURE, f"x{token}"])], SCHEMA, 1).input_tokens
        assert read == plain + len(token.encode()) + 1  # spelled letter by letter, broken by a space


@given(st.text(alphabet="<|im_start>/s age", max_size=40))
@hypothesis_settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_no_control_token_is_left_in_any_text(model: LocalModel, text: str) -> None:
    tokenizer = model.processor.tokenizer
    left = without_control(f"<|im_<|im_start|>start|><image>{text}", tokenizer)
    assert not any(token in left for token in tokenizer.all_special_tokens) and "<|im_start|>" not in left


@given(st.text(max_size=30))
@hypothesis_settings(max_examples=10, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_question_is_answered_within_the_schema(model: LocalModel, text: str) -> None:
    answer = model.answer("Rules.", [("user", [PICTURE, text])], SCHEMA, 200)
    assert answer.whole and set(json.loads(answer.text)) == {"title", "colours"}


def test_letters_of_several_bytes_can_be_written(tmp_path) -> None:
    model = load(save_tiny_writer(tmp_path / "writer", "llava"), "1" * 64, "cpu")
    wanted = {
        "type": "object",
        "properties": {"t": {"const": "größe ❤"}},
        "required": ["t"],
        "additionalProperties": False,
    }
    assert json.loads(model.answer("Rules.", [("user", [PICTURE])], wanted, 60).text) == {"t": "größe ❤"}


def test_damaged_and_foreign_checkpoints_are_refused(tmp_path) -> None:
    folder = save_tiny_writer(tmp_path / "writer", "llava")
    (folder / "model.safetensors").write_bytes(b"damaged")
    with pytest.raises(MissingEngine, match="cannot be loaded on cpu"):
        load(folder, "2" * 64, "cpu")
    (folder / "config.json").write_text('{"model_type": "bert"}')
    with pytest.raises(MissingEngine, match="cannot be loaded on cpu"):
        load(folder, "3" * 64, "cpu")


def test_checkpoint_without_a_chat_template_is_refused(tmp_path) -> None:
    folder = save_tiny_writer(tmp_path / "writer", "llava")
    (folder / "chat_template.jinja").unlink()
    with pytest.raises(MissingEngine, match="no chat template"):
        load(folder, "4" * 64, "cpu")


def test_chat_template_that_takes_no_rules_is_refused(tmp_path) -> None:
    folder = save_tiny_writer(tmp_path / "writer", "llava")
    (folder / "chat_template.jinja").write_text("{{ raise_exception('no system role') }}")
    with pytest.raises(MissingEngine, match="refuses the question: no system role"):
        load(folder, "6" * 64, "cpu").answer("Rules.", [("user", ["x"])], SCHEMA, 10)


def test_weights_do_not_change_when_loaded(tmp_path) -> None:
    folder = save_tiny_writer(tmp_path / "writer", "llava", seed=3)
    model = load(folder, "5" * 64, "cpu").model
    assert model.dtype == torch.float32 and not model.training
