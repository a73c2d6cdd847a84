"""Prototypes and embeddings of pictures are what the libraries themselves give."""

import json
import sys

import numpy as np
import pytest
import torch
import torch.nn.functional as F

from actorsup.errors import InputError
from actorsup.models import OpenClipModel, Prototypes, TransformersJointModel
from tests.tiny_clip import SIZE, WIDTH, open_clip_settings, write_open_clip, write_transformers

NAMES = ("a person jumping", "a dog running", "the person")
TEMPLATES = ("{}", "a photo of {}.", "a video of {}.")


@pytest.fixture(scope="module")
def pictures():
    return torch.randn(3, 3, SIZE, SIZE, generator=torch.Generator().manual_seed(1))


@pytest.fixture(scope="module")
def clip(tmp_path_factory):
    pytest.importorskip("open_clip", reason="open_clip is missing: pip install 'actorsup[openclip]'")
    return write_open_clip(tmp_path_factory.mktemp("models") / "clip")


@pytest.fixture(scope="module")
def transformers_folder(tmp_path_factory):
    pytest.importorskip("transformers", reason="transformers is missing: pip install 'actorsup[transformers]'")
    root = tmp_path_factory.mktemp("models")
    return {kind: write_transformers(root / kind, kind) for kind in ("clip", "siglip")}


def loaded_tower(model):
    tower = model.image_tower().eval()
    model.load_image_tower(tower)
    return tower


def test_prototypes_are_open_clips_zero_shot_classifier(clip):
    import open_clip

    model = open_clip.create_model(clip["name"]).eval()
    tokenizer = open_clip.get_tokenizer(clip["name"])
    expected = open_clip.build_zero_shot_classifier(model, tokenizer, NAMES, TEMPLATES).T
    found = OpenClipModel(**clip).prototypes(NAMES, TEMPLATES)
    torch.testing.assert_close(found.embeddings, expected)
    assert found.names == NAMES
    assert (found.scale, found.bias) == (pytest.approx(1 / 0.07), 0.0)  # what CLIP begins with


def test_a_phrase_stands_for_the_name_of_a_class(clip):
    model = OpenClipModel(**clip)
    by_phrase = model.prototypes(["Jumping"], TEMPLATES, {"Jumping": "a person jumping"})
    torch.testing.assert_close(by_phrase.embeddings, model.prototypes(NAMES[:1], TEMPLATES).embeddings)
    assert by_phrase.names == ("Jumping",)


def test_a_file_of_weights_goes_with_the_name_of_a_model(clip, tmp_path, monkeypatch):
    import open_clip

    monkeypatch.setitem(open_clip.factory._MODEL_CONFIGS, "tiny", open_clip_settings())
    of_file = OpenClipModel("tiny", clip["weights"]).prototypes(NAMES, TEMPLATES)
    torch.testing.assert_close(of_file.embeddings, OpenClipModel(**clip).prototypes(NAMES, TEMPLATES).embeddings)
    with pytest.raises(InputError, match=r"weights of tiny: .*absent\.bin: no such file, and nothing is downloaded"):
        OpenClipModel("tiny", "absent.bin").prototypes(NAMES, TEMPLATES)
    with pytest.raises(InputError, match=r"do not fit ViT-B-32"):
        OpenClipModel("ViT-B-32", clip["weights"]).prototypes(NAMES, TEMPLATES)


def test_pictures_are_embedded_as_open_clip_does_without_its_text_tower(clip, pictures):
    import open_clip

    whole = open_clip.create_model(clip["name"]).eval()
    tower = loaded_tower(OpenClipModel(**clip))
    with torch.no_grad():
        torch.testing.assert_close(tower(pictures), whole.encode_image(pictures, normalize=True))
    assert (tower.image_size, tower.out_channels) == ((SIZE, SIZE), WIDTH)
    assert sum(each.numel() for each in tower.parameters()) == sum(each.numel() for each in whole.visual.parameters())


@pytest.mark.parametrize("kind", ["clip", "siglip"])
def test_scores_of_pictures_and_texts_are_those_of_transformers(transformers_folder, pictures, kind):
    from transformers import AutoModel, AutoTokenizer

    folder = str(transformers_folder[kind])
    tokenizer, whole = AutoTokenizer.from_pretrained(folder), AutoModel.from_pretrained(folder).eval()
    # SigLIP reads the padding of its whole context; CLIP ends with the text.
    padding = {"padding": "max_length", "max_length": 12} if kind == "siglip" else {"padding": True}
    model = TransformersJointModel(folder)
    found, tower = model.prototypes(NAMES, ["{}"]), loaded_tower(model)
    assert (found.bias == 0) == (kind == "clip")
    with torch.no_grad():
        expected = whole(**tokenizer(list(NAMES), return_tensors="pt", **padding), pixel_values=pictures)
        scores = found.scale * tower(pictures) @ found.embeddings.T + found.bias
    torch.testing.assert_close(scores, expected.logits_per_image)
    assert not any("text" in name for name, _ in tower.named_parameters())


def test_the_mean_of_templates_is_of_unit_vectors(transformers_folder):
    model = TransformersJointModel(str(transformers_folder["clip"]))
    single = [model.prototypes(NAMES, [template]).embeddings for template in TEMPLATES]
    together = model.prototypes(NAMES, TEMPLATES).embeddings
    torch.testing.assert_close(together, F.normalize(sum(single), dim=1))
    assert (together - single[0]).abs().max() > 0.01


def test_a_siglip_of_open_clip_has_its_bias(tmp_path):
    pytest.importorskip("open_clip")
    found = OpenClipModel(**write_open_clip(tmp_path / "siglip", bias=-10.0)).prototypes(NAMES, TEMPLATES)
    assert found.bias == -10


def test_nothing_is_left_behind_in_the_root_logger(clip, capsys):
    import logging

    before = logging.getLogger().handlers[:]
    OpenClipModel(**clip).image_tower()
    assert logging.getLogger().handlers == before
    assert capsys.readouterr().err == ""


def test_prototypes_are_kept_in_a_file(tmp_path):
    embeddings = F.normalize(torch.randn(2, 4), dim=1)
    Prototypes(("run", "jump"), embeddings, 10.0, -2.0).save(tmp_path / "texts.npz")
    found = Prototypes.load(tmp_path / "texts.npz")
    assert (found.names, found.scale, found.bias) == (("run", "jump"), 10.0, -2.0)
    torch.testing.assert_close(found.of(["jump"]), embeddings[1:])
    # A lab's own: as torch.save writes it, of any length, without a scale.
    torch.save({"names": ["run", "jump"], "embeddings": 3 * embeddings}, tmp_path / "texts.pt")
    found = Prototypes.load(tmp_path / "texts.pt")
    assert (found.scale, found.bias) == (100.0, 0.0)
    torch.testing.assert_close(found.embeddings, embeddings)


def test_files_that_are_no_prototypes_are_refused(tmp_path):
    np.savez(tmp_path / "few.npz", names=["run", "jump"], embeddings=np.ones((1, 4)))
    np.savez(tmp_path / "nameless.npz", embeddings=np.ones((1, 4)))
    np.savez(tmp_path / "twice.npz", names=["run", "run"], embeddings=np.ones((2, 4)))
    np.savez(tmp_path / "pickled.npz", names=np.array(["run", None], dtype=object), embeddings=np.ones((2, 4)))
    (tmp_path / "text.npz").write_text("no archive")
    for name in ("few", "nameless", "twice", "pickled", "text"):
        with pytest.raises(InputError, match=rf"{name}\.npz: cannot be read as prototypes"):
            Prototypes.load(tmp_path / f"{name}.npz")
    with pytest.raises(InputError, match=r"absent\.npz: no such file of prototypes"):
        Prototypes.load(tmp_path / "absent.npz")
    with pytest.raises(InputError, match="no prototype of 'swim'; there are run"):
        Prototypes(("run",), torch.ones(1, 4)).of(["swim"])


def test_what_is_missing_is_named_with_where_it_comes_from(clip, transformers_folder, tmp_path):
    with pytest.raises(
        InputError, match=r"clip\.bin: .* Fetch them, for instance from https://huggingface\.co/.*laion"
    ):
        OpenClipModel("ViT-B-32", "clip.bin").embed(NAMES)
    with pytest.raises(InputError, match=r"ViT-B-32-quickgelu: .* from https://huggingface\.co/.*openai"):
        OpenClipModel("ViT-B-32-quickgelu", "clip.bin").embed(NAMES)
    with pytest.raises(InputError, match=r"open_clip has no model 'ViT-B-3'"):
        OpenClipModel("ViT-B-3", "clip.bin")
    with pytest.raises(InputError, match=r"open_clip has no model 'hf-hub:somebody/model'"):
        OpenClipModel("hf-hub:somebody/model", "clip.bin")
    with pytest.raises(InputError, match=r"absent: its open_clip_config\.json cannot be read"):
        OpenClipModel("local-dir:absent", "clip.bin")
    (tmp_path / "open_clip_config.json").write_text(
        json.dumps({"model_cfg": {**open_clip_settings(), "embed_dim": "many"}})
    )
    with pytest.raises(InputError, match="open_clip cannot build it"):
        OpenClipModel(f"local-dir:{tmp_path}", "clip.bin").image_tower()
    with pytest.raises(InputError, match=r"absent: no folder with a config\.json"):
        TransformersJointModel("absent")
    (tmp_path / "config.json").write_text(json.dumps({"model_type": "clip"}))
    with pytest.raises(InputError, match="transformers cannot read them"):
        TransformersJointModel(str(tmp_path)).embed(NAMES)
    for file in transformers_folder["clip"].glob("*"):
        if not file.name.startswith("tokenizer"):
            (tmp_path / file.name).write_bytes(file.read_bytes())
    with pytest.raises(InputError, match="holds no tokenizer"):
        TransformersJointModel(str(tmp_path)).embed(NAMES)
    (tmp_path / "bert").mkdir()
    (tmp_path / "bert" / "config.json").write_text(json.dumps({"model_type": "bert"}))
    with pytest.raises(InputError, match="a bert is no model of pictures and texts"):
        TransformersJointModel(str(tmp_path / "bert")).image_tower()


def test_names_that_are_the_same_to_the_model_are_refused(transformers_folder):
    with pytest.raises(InputError, match="'juggling' and 'skating' are the same to"):
        TransformersJointModel(str(transformers_folder["clip"])).prototypes(["a dog", "juggling", "skating"], TEMPLATES)


def test_a_model_that_embeds_a_picture_in_several_tokens_is_refused(monkeypatch, clip):
    import open_clip

    settings = {**open_clip_settings(), "custom_text": True}
    settings["vision_cfg"] |= {"attentional_pool": True, "attn_pooler_heads": 2, "output_tokens": True}
    settings["multimodal_cfg"] = {"width": 16, "heads": 2, "layers": 1, "context_length": 16, "vocab_size": 49408}
    monkeypatch.setitem(open_clip.factory._MODEL_CONFIGS, "tiny", settings)
    with pytest.raises(InputError, match="its image tower gives more than one embedding of a picture"):
        OpenClipModel("tiny", clip["weights"]).image_tower()


def test_a_tokenizer_that_open_clip_would_download_is_refused(monkeypatch, clip):
    import open_clip

    settings = open_clip_settings()
    settings["text_cfg"]["hf_tokenizer_name"] = "somebody/tokenizer"
    monkeypatch.setitem(open_clip.factory._MODEL_CONFIGS, "tiny", settings)
    with pytest.raises(InputError, match="its tokenizer is no part of open_clip"):
        OpenClipModel("tiny", clip["weights"]).embed(NAMES)


@pytest.mark.parametrize(
    ("module", "extra", "build"),
    [
        ("open_clip", "openclip", lambda: OpenClipModel("ViT-B-32", "clip.bin")),
        ("transformers", "transformers", lambda: TransformersJointModel("folder")),
    ],
)
def test_a_missing_library_is_named_with_the_command_that_installs_it(monkeypatch, module, extra, build):
    monkeypatch.setitem(sys.modules, module, None)
    with pytest.raises(InputError, match=rf"needs {module}: pip install 'actorsup\[{extra}\]'"):
        build()
