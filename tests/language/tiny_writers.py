"""Vision-language checkpoints of random weights, made on the spot: what they write is noise."""

import json
from pathlib import Path

import torch
from tokenizers import Tokenizer, decoders, models, pre_tokenizers

SIDE = 28  # px of the pictures that they see
TEMPLATE = (
    "{% for m in messages %}{{ m['role'] }}: {% for c in m['content'] %}{% if c['type'] == 'image' %}IMAGE"
    "{% else %}{{ c['text'] }}{% endif %}{% endfor %}\n{% endfor %}{% if add_generation_prompt %}assistant: {% endif %}"
)
VISION = {
    "hidden_size": 16, "intermediate_size": 16, "num_hidden_layers": 1, "num_attention_heads": 2,
    "image_size": SIDE, "patch_size": 14,
}  # fmt: skip


def tiny_tokenizer(special: list[str], image: str):
    from transformers import PreTrainedTokenizerFast

    letters = sorted(pre_tokenizers.ByteLevel.alphabet())
    words = ["{", '":', '","', "navy ", "cotton ", "tee ", " shirt"]
    byte_level = Tokenizer(models.BPE(vocab={letter: at for at, letter in enumerate(letters)}, merges=[]))
    byte_level.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    byte_level.decoder = decoders.ByteLevel()
    ends = {"bos_token": "<s>", "eos_token": "</s>", "pad_token": "<pad>"}
    made = PreTrainedTokenizerFast(tokenizer_object=byte_level, **ends)
    made.add_tokens(words)
    made.add_tokens([*special, "<|im_start|>"], special_tokens=True)
    made.chat_template = TEMPLATE.replace("IMAGE", image)
    return made


def _text(tokenizer, **changes):
    return {
        "model_type": "llama", "hidden_size": 16, "intermediate_size": 16, "num_hidden_layers": 1,
        "num_attention_heads": 2, "num_key_value_heads": 2, "vocab_size": len(tokenizer) + 5,
        "max_position_embeddings": 16384, "pad_token_id": tokenizer.pad_token_id,
        "bos_token_id": tokenizer.bos_token_id, "eos_token_id": tokenizer.eos_token_id, **changes,
    }  # fmt: skip


def save_llava(folder: Path) -> Path:
    import transformers as tf

    tokenizer = tiny_tokenizer(["<image>"], "<image>")
    image = tokenizer.convert_tokens_to_ids("<image>")
    config = tf.LlavaConfig(
        vision_config={"model_type": "clip_vision_model", "projection_dim": 16, **VISION, "num_hidden_layers": 2},
        text_config=_text(tokenizer),
        image_token_id=image,
        image_seq_length=4,
    )
    tf.LlavaForConditionalGeneration(config).save_pretrained(folder)
    pictures = tf.CLIPImageProcessorPil(size={"shortest_edge": SIDE}, crop_size={"height": SIDE, "width": SIDE})
    tf.LlavaProcessor(
        image_processor=pictures,
        tokenizer=tokenizer,
        patch_size=14,
        vision_feature_select_strategy="default",
        num_additional_image_tokens=1,
        chat_template=tokenizer.chat_template,
    ).save_pretrained(folder)
    return folder


def save_idefics(folder: Path) -> Path:
    """The class of SmolVLM too."""
    import transformers as tf

    tokenizer = tiny_tokenizer(
        ["<image>", "<fake_token_around_image>", "<end_of_utterance>", "<global-img>"], "<image>"
    )
    config = tf.Idefics3Config(
        vision_config=VISION,
        text_config=_text(tokenizer),
        image_token_id=tokenizer.convert_tokens_to_ids("<image>"),
        scale_factor=2,
        pad_token_id=tokenizer.pad_token_id,
    )
    tf.Idefics3ForConditionalGeneration(config).save_pretrained(folder)
    edge = {"longest_edge": SIDE}
    pictures = tf.Idefics3ImageProcessorPil(size=edge, max_image_size=edge, do_image_splitting=False)
    tf.Idefics3Processor(
        image_processor=pictures, tokenizer=tokenizer, image_seq_len=1, chat_template=tokenizer.chat_template
    ).save_pretrained(folder)
    return folder


def save_qwen(folder: Path) -> Path:
    """Saved as the published ones are, with a processor that also reads videos."""
    import transformers as tf

    special = ["<|vision_start|>", "<|vision_end|>", "<|image_pad|>", "<|video_pad|>"]
    tokenizer = tiny_tokenizer(special, "<|vision_start|><|image_pad|><|vision_end|>")
    start, end, image, video = map(tokenizer.convert_tokens_to_ids, special)
    rope = {"rope_type": "default", "mrope_section": [2, 1, 1], "rope_theta": 10000.0}
    config = tf.Qwen2VLConfig(
        vision_config={
            "depth": 1,
            "embed_dim": 16,
            "hidden_size": 16,
            "num_heads": 2,
            "patch_size": 14,
            "mlp_ratio": 1,
        },
        text_config=_text(tokenizer, model_type="qwen2_vl_text", rope_parameters=rope),
        image_token_id=image,
        video_token_id=video,
        vision_start_token_id=start,
        vision_end_token_id=end,
    )
    tf.Qwen2VLForConditionalGeneration(config).save_pretrained(folder)
    tf.Qwen2VLImageProcessorPil(min_pixels=56 * 56, max_pixels=84 * 84).save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    settings = folder / "preprocessor_config.json"
    settings.write_text(json.dumps({**json.loads(settings.read_text()), "processor_class": "Qwen2VLProcessor"}))
    return folder


KINDS = {"llava": save_llava, "idefics": save_idefics, "qwen": save_qwen}


def save_tiny_writer(folder: Path, kind: str, seed: int = 0) -> Path:
    """Write a checkpoint of one of `KINDS` into a new folder and return the folder."""
    folder.mkdir(parents=True)
    torch.manual_seed(seed)
    return KINDS[kind](folder)
