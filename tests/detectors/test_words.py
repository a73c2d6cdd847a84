"""Grounding DINO and GLIP, small and random, with a BERT of a folder that has no weights."""

from pathlib import Path

import numpy as np
import pytest
import torch
from transformers import BertConfig

from actorsup.detectors import ActorDetector
from actorsup.detectors.actor_detector import _build, _read_config
from actorsup.errors import InputError
from tests.detectors.test_actor_detector import YOLOX_NANO

WORDS = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", ".", "?", "goal", "##keeper", "fork", "##lift", "dog"]
BACKBONE = "backbone=dict(embed_dims=16, depths=[1, 1, 1, 1], num_heads=[1, 2, 4, 8])"
CONFIGS = {
    "grounding_dino": f"""
_base_ = "mmdet::grounding_dino/grounding_dino_swin-t_pretrain_obj365_goldg_cap4m.py"
model = dict(
    num_queries=30,
    {BACKBONE},
    neck=dict(in_channels=[32, 64, 128]),
    encoder=dict(num_layers=1),
    decoder=dict(num_layers=1),
    test_cfg=dict(max_per_img=20),
)
""",
    "glip": f"""
_base_ = "mmdet::glip/glip_atss_swin-t_a_fpn_dyhead_pretrain_obj365.py"
model = dict({BACKBONE}, neck=dict(in_channels=[32, 64, 128]), test_cfg=dict(score_thr=0.0))
""",
}
SMALL_TEST = """
test_pipeline = [
    dict(type="LoadImageFromFile"),
    dict(type="Resize", scale=(128, 128), keep_ratio=True),
    dict(type="PackDetInputs", meta_keys=("img_id", "ori_shape", "img_shape", "scale_factor")),
]
test_dataloader = dict(dataset=dict(pipeline=test_pipeline))
"""


@pytest.fixture(scope="module")
def bert(tmp_path_factory) -> Path:
    """The folder of the language model."""
    folder = tmp_path_factory.mktemp("bert")
    (folder / "vocab.txt").write_text("\n".join(WORDS))
    sizes = {"hidden_size": 16, "num_hidden_layers": 2, "num_attention_heads": 2, "intermediate_size": 32}
    BertConfig(vocab_size=len(WORDS), max_position_embeddings=256, **sizes).save_pretrained(folder)
    return folder


@pytest.fixture(scope="module", params=CONFIGS)
def model(request, bert, tmp_path_factory) -> tuple[str, str]:
    """A config and a checkpoint of random weights."""
    from mmdet.registry import MODELS
    from mmdet.utils import register_all_modules
    from mmengine.registry import DefaultScope

    folder = tmp_path_factory.mktemp(request.param)
    config = folder / "small.py"
    config.write_text(CONFIGS[request.param] + SMALL_TEST)
    settings = _read_config(str(config)).model
    settings.language_model.name = str(bert)
    if request.param == "glip":
        settings.bbox_head.lang_model_name = str(bert)
    settings.backbone.init_cfg = None
    register_all_modules(init_default_scope=False)
    torch.manual_seed(0)
    with DefaultScope.overwrite_default_scope("mmdet"):
        built = _build(MODELS, settings)
    built.init_weights()  # mmdet leaves some parameters as the memory is until then
    torch.save({"state_dict": built.state_dict(), "meta": {}}, folder / "random.pth")
    return str(config), str(folder / "random.pth")


def test_actors_are_looked_for_by_words(model, bert):
    """Words are no categories of COCO; the label is the place among the actors."""
    frames = np.random.default_rng(0).integers(0, 255, (2, 96, 128, 3), dtype=np.uint8)
    actors = ("goalkeeper", "forklift")
    detector = ActorDetector(*model, actors=actors, score_threshold=0.0, device="cpu", language_model=str(bert))
    for detections in detector.detect(frames):
        assert len(detections) > 0
        assert set(detections.labels) <= {0, 1}


def test_each_phrase_is_read_by_itself(model, bert):
    """Grounding DINO's tokens see their phrase alone: what precedes it does not change what a word means."""
    detector = ActorDetector(*model, actors=("dog",), device="cpu", language_model=str(bert))
    language = detector.model.language_model
    if not language.use_sub_sentence_represent:
        pytest.skip("GLIP's tokens see one another")
    with torch.no_grad():
        alone = language(["forklift."])["embedded"][0]  # [CLS] fork ##lift . [SEP]
        second = language(["goalkeeper. forklift."])["embedded"][0]  # [CLS] goal ##keeper . fork ##lift . [SEP]
    torch.testing.assert_close(second[4:7], alone[1:4])
    assert not torch.allclose(second[1:4], alone[1:4], atol=1e-3)


def test_what_is_wrong_is_named(model, bert, tmp_path):
    with pytest.raises(InputError, match=r"no folder with config\.json"):
        ActorDetector(*model, language_model=str(tmp_path), device="cpu")
    with pytest.raises(InputError, match="has no language model; leave it out"):
        ActorDetector(YOLOX_NANO, model[1], language_model=str(bert), device="cpu")
    with pytest.raises(InputError, match="402 tokens, the language model reads 256; give fewer"):
        ActorDetector(*model, actors=("dog",) * 200, language_model=str(bert), device="cpu")


@pytest.mark.parametrize("finer", [8, 16])
def test_a_position_is_what_grounding_dino_was_trained_with(finer):
    """Mmdet's own encoding of half as many numbers, which is what its decoder took before version 3.5."""
    from mmdet.models.layers.transformer.utils import coordinate_to_encoding
    from torch import nn

    from actorsup.detectors.mmcv_compatibility import fix_reference_points

    class Head(nn.Module):
        def __init__(self):
            super().__init__()
            self.layers = nn.ModuleList([nn.Linear(2 * finer, 3)])

        def forward(self, position):
            return position

    model = nn.Module()
    model.decoder = nn.Module()
    model.decoder.ref_point_head = Head()
    fix_reference_points(model)
    points = torch.rand(2, 5, 4)
    given = model.decoder.ref_point_head(coordinate_to_encoding(points, num_feats=finer))
    torch.testing.assert_close(given, coordinate_to_encoding(points, num_feats=finer // 2))
