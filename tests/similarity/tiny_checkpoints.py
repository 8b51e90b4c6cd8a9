"""Random CLIP, SigLIP and DINOv2 checkpoints of a few kilobytes, made on the spot: nothing is downloaded."""

from pipeline.diffusion.training.networks import MAX_WORDS, build_tokenizer

TOWER = {"hidden_size": 32, "intermediate_size": 32, "num_hidden_layers": 1, "num_attention_heads": 2}
SEEN = {**TOWER, "image_size": 32, "patch_size": 8}


def _text():
    words = {"vocab_size": len(build_tokenizer()), "bos_token_id": 1, "eos_token_id": 2, "pad_token_id": 0}
    return {**TOWER, **words, "max_position_embeddings": MAX_WORDS}


def save_tiny(folder, kind, seed=0):
    """`kind`: clip, siglip or dinov2."""
    import torch
    from transformers import (
        BitImageProcessorPil,
        CLIPConfig,
        CLIPImageProcessorPil,
        CLIPModel,
        Dinov2Config,
        Dinov2Model,
        SiglipConfig,
        SiglipImageProcessorPil,
        SiglipModel,
    )

    torch.manual_seed(seed)
    size = {"height": 32, "width": 32}
    if kind == "clip":
        model = CLIPModel(CLIPConfig(text_config=_text(), vision_config=SEEN, projection_dim=24))
        processor = CLIPImageProcessorPil(size={"shortest_edge": 32}, crop_size=size)
    elif kind == "siglip":
        model = SiglipModel(SiglipConfig(text_config=_text(), vision_config=SEEN))
        processor = SiglipImageProcessorPil(size=size)
    else:
        small = {name: value for name, value in SEEN.items() if name != "intermediate_size"}
        model = Dinov2Model(Dinov2Config(**small, mlp_ratio=1))
        processor = BitImageProcessorPil(size={"shortest_edge": 32}, crop_size=size)
    model.save_pretrained(folder)
    processor.save_pretrained(folder)
    if kind != "dinov2":
        build_tokenizer().save_pretrained(folder)
    return folder
