"""Models of pictures and texts with random weights, in the files of real ones, small enough to be made on the spot."""

import json
from pathlib import Path

import torch

WIDTH, SIZE = 16, 32  # channels of the joint space, side of a picture in pixels
SPECIAL = ("<pad>", "<eos>", "<unk>")
WORDS = (
    *SPECIAL,
    "a",
    "an",
    "the",
    "person",
    "animal",
    "place",
    "dog",
    "jumping",
    "running",
    "photo",
    "video",
    "of",
    ".",
)


def open_clip_settings(bias: float | None = None) -> dict:
    """Open_clip's settings of a CLIP of two small transformers; with a bias, as SigLIP has it."""
    tower = {"width": 16, "layers": 1}
    return {
        "embed_dim": WIDTH,
        "vision_cfg": {**tower, "image_size": SIZE, "patch_size": 8, "head_width": 8},
        "text_cfg": {**tower, "context_length": 16, "vocab_size": 49408, "heads": 2},
        **({} if bias is None else {"init_logit_bias": bias}),
    }


def write_open_clip(folder: Path, bias: float | None = None, seed: int = 0) -> dict[str, str]:
    """Write a folder as the Hugging Face Hub has it; return the ``name`` and ``weights`` of an ``OpenClipModel``."""
    import open_clip
    from safetensors.torch import save_file

    folder.mkdir(parents=True)
    settings = open_clip_settings(bias)
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        model = open_clip.CLIP(**settings)
    (folder / "open_clip_config.json").write_text(json.dumps({"model_cfg": settings}))
    weights = folder / "open_clip_model.safetensors"
    save_file(model.state_dict(), weights)
    return {"name": f"local-dir:{folder}", "weights": str(weights)}


def write_transformers(folder: Path, kind: str) -> Path:
    """Write a folder of transformers' ``clip`` or ``siglip``, whose tokenizer knows ``WORDS``."""
    import transformers
    from tokenizers import Tokenizer, models, pre_tokenizers, processors

    tokenizer = Tokenizer(models.WordLevel({word: index for index, word in enumerate(WORDS)}, unk_token="<unk>"))
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    tokenizer.post_processor = processors.TemplateProcessing(single="$A <eos>", special_tokens=[("<eos>", 1)])
    special = {"pad_token": "<pad>", "eos_token": "<eos>", "unk_token": "<unk>"}
    names = ["input_ids"] if kind == "siglip" else ["input_ids", "attention_mask"]
    wrapped = transformers.PreTrainedTokenizerFast(tokenizer_object=tokenizer, model_input_names=names, **special)
    tower = {"hidden_size": WIDTH, "intermediate_size": 32, "num_hidden_layers": 1, "num_attention_heads": 2}
    text = {**tower, "vocab_size": len(WORDS), "max_position_embeddings": 12, "eos_token_id": 1, "pad_token_id": 0}
    vision = {**tower, "image_size": SIZE, "patch_size": 8}
    config, model = {
        "clip": (transformers.CLIPConfig, transformers.CLIPModel),
        "siglip": (transformers.SiglipConfig, transformers.SiglipModel),
    }[kind]
    projected = {"projection_dim": WIDTH} if kind == "clip" else {}
    with torch.random.fork_rng():
        torch.manual_seed(0)
        made = model(config(text_config={**text, "projection_size": WIDTH}, vision_config=vision, **projected))
        if kind == "siglip":
            torch.nn.init.constant_(made.logit_scale, 2.0)
            torch.nn.init.constant_(made.logit_bias, -3.0)
    made.save_pretrained(folder)
    wrapped.save_pretrained(folder)
    return folder
