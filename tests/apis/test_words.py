"""Any action by words: a video and texts in, tubes out, with nothing trained; and a training that begins with them."""

import json

import numpy as np
import pytest
import torch

from actorsup.apis import ActionInferencer
from actorsup.engine import evaluate, extract_features, generate_proposals, load_config, train
from actorsup.engine.words import with_words
from actorsup.errors import InputError
from actorsup.io import open_video
from actorsup.models import OpenClipModel, Prototypes
from actorsup.models.heads.text_head import TEMPLATES
from actorsup.structures import TubeBatch
from tests.conftest import write_video
from tests.running import as_a_process_of_its_own
from tests.tiny_clip import SIZE, WIDTH, write_open_clip
from tests.toy import frames_of, make_toy, run_tool

WORDS = """
_base_ = ["toy_config.py"]
clip = dict(type="OpenClipModel", **{clip})
proposals = dict(linker="viterbi")
model = dict(
    encoder=dict(_delete_=True, type="FrozenEncoder", encoder=dict(type="PixelEncoder")),
    pooling=dict(_delete_=True, type="CropPool", images=clip),
    head=dict(_delete_=True, type="TextHead", in_channels=16, texts=clip, background=("a place",)),
)
train_cfg = dict(max_epochs=1)
"""


@pytest.fixture(scope="module")
def words(tmp_path_factory):
    """The folder of the toy project, with a config that knows actions by the words of a random CLIP."""
    pytest.importorskip("open_clip", reason="open_clip is missing: pip install 'actorsup[openclip]'")
    root = tmp_path_factory.mktemp("words")
    make_toy(root)
    clip = write_open_clip(root / "clip")
    (root / "words_config.py").write_text(WORDS.format(clip=clip))
    with as_a_process_of_its_own(root, ["words"]):
        yield root, load_config(root / "words_config.py")


def by_hand(root, found, video, actions):
    """The probabilities of a tube's actions by open_clip alone: the mean of its crops, the softmax over texts."""
    import open_clip
    from PIL import Image

    model = open_clip.create_model(f"local-dir:{root / 'clip'}").eval()
    tokenizer = open_clip.get_tokenizer(f"local-dir:{root / 'clip'}")
    texts = (*actions, "a place")
    classifier = open_clip.build_zero_shot_classifier(
        model, tokenizer, texts, ["{}", "a photo of {}.", "a video of {}."]
    )
    embeddings = []
    for index in (1, 4, 7, 10):  # the middles of the four quarters of 12 frames
        frame = open_video(video).frames_at([index])[0]
        x1, y1, x2, y2 = found.boxes_by_frame[index]
        side = round(max(x2 - x1, y2 - y1) * 1.2)
        left, top = round((x1 + x2 - side) / 2), round((y1 + y2 - side) / 2)
        crop = np.zeros((side, side, 3), np.float32)
        mean, std = np.array([0.485, 0.456, 0.406]), np.array([0.229, 0.224, 0.225])
        normal = (frame / 255 - mean) / std
        for row in range(max(top, 0), min(top + side, frame.shape[0])):
            for column in range(max(left, 0), min(left + side, frame.shape[1])):
                crop[row - top, column - left] = normal[row, column]
        bands = [Image.fromarray(crop[..., band]).resize((SIZE, SIZE), Image.Resampling.BICUBIC) for band in range(3)]
        with torch.no_grad():
            picture = torch.tensor(np.stack([np.asarray(band) for band in bands]))[None]
            embeddings.append(model.encode_image(picture, normalize=True))
    mean = torch.cat(embeddings).mean(dim=0, keepdim=True)
    return (model.logit_scale.exp() * mean / mean.norm() @ classifier).softmax(dim=1)[0].detach()


def test_tubes_are_scored_as_open_clip_scores_their_crops(words):
    root, config = words
    video = root / "videos" / "Biking" / "v_Biking_g01_c01.avi"
    actions = ["a person jumping", "a dog running"]
    config.merge_from_dict({"model.head.ranking": {"type": "TubeRanking"}})
    found = ActionInferencer(config, actions=actions, device="cpu", classes_per_tube=None)(video)
    assert found.classes == tuple(actions)
    scores = {each.action: each.score for each in found.tubes if each.track == 0}
    expected = by_hand(root, found.tubes[0], video, actions)
    assert [scores[action] for action in actions] == pytest.approx(expected[:2].tolist(), abs=1e-4)


def test_the_tool_finds_actions_by_words_alone(words, tmp_path):
    root, _ = words
    video = write_video(tmp_path / "clip.avi", frames_of("Biking"))
    actions = ("--actions", "a person jumping", "a dog running")
    output = run_tool("localize", video, *actions, "--config", root / "words_config.py", root=root)
    assert output.returncode == 0, output.stderr
    found = root / "work" / "found"
    assert str(found) in output.stdout
    assert sorted(path.name for path in found.iterdir()) == ["clip.json", "clip.mp4"]
    values = json.loads((found / "clip.json").read_text())
    assert values["classes"] == list(actions[1:])
    assert len(values["tubes"]) == 1
    assert values["tubes"][0]["action"] in output.stdout
    assert 0 < values["tubes"][0]["score"] < 1
    assert "tower" not in output.stdout + output.stderr  # no list of weights
    run_tool("localize", video, *actions, "--config", root / "words_config.py", "--out", root / "again", root=root)
    assert json.loads((root / "again" / "clip.json").read_text()) == values


def test_what_is_wrong_is_one_message(words, monkeypatch):
    root, _ = words
    video = root / "videos" / "Biking" / "v_Biking_g01_c01.avi"
    config, toy = ("--config", root / "words_config.py"), ("--config", root / "toy_config.py")
    monkeypatch.delenv("ACTORSUP_CLIP", raising=False)
    mistakes = [
        ((), "give --config and --checkpoint, or --actions"),
        (("--config", "words_openclip"), "name the actions"),
        ((*config, "--actions", "running", "running"), "each given once"),
        ((*toy, "--actions", "running"), "its head has to be trained, so give a checkpoint"),
        ((*toy,), "its head has to be trained, so give a checkpoint"),
        ((*config, "--checkpoint", "epoch_1.pth", "--actions", "running"), "leave it out, or actions"),
        (
            ("--actions", "running"),
            "weights of ViT-B-32: the environment variable ACTORSUP_CLIP is not set, and nothing",
        ),
    ]
    for arguments, message in mistakes:
        output = run_tool("localize", video, *arguments, "--device", "cpu", root=root)
        assert (output.returncode, "Traceback" in output.stderr) == (2, False), output.stderr
        assert message in output.stderr
    named = load_config(root / "words_config.py", options={"model.head.classes": ["walking", "running"]})
    with pytest.raises(
        InputError, match=r"model\.head\.classes are walking, running, those of the dataset .* Basketball,"
    ):
        with_words(named)
    with pytest.raises(InputError, match="actions are a list of texts"):
        ActionInferencer(load_config(root / "words_config.py"), actions="running")


def test_a_dataset_is_measured_and_learnt_from_words(words):
    """Untrained, then trained on frames and on stored features, then tested without the text tower."""
    root, _ = words
    config = load_config(root / "words_config.py", work_dir=root / "measured")
    generate_proposals(config)
    numbers = evaluate(config, None).numbers
    assert 0 <= numbers["mAP@0.5"] <= 1
    assert json.loads((root / "measured" / "test_metrics.json").read_text())["measured"].startswith("no checkpoint")
    options = {"features.root": str(root / "features"), "model.head.phrases": {"Biking": "a person running"}}
    stored = load_config(root / "words_config.py", root / "trained", options)
    extract_features(stored)
    runner = train(stored)
    prototypes = runner.model.head.classifier.prototypes.detach()
    assert prototypes.shape == (2, WIDTH)
    checkpoint = root / "trained" / "epoch_1.pth"
    on_features = evaluate(stored, checkpoint).numbers
    stored.features = None
    stored.model.head.texts = "absent.npz"  # which nobody reads
    on_frames = evaluate(stored, checkpoint).numbers
    assert on_frames == pytest.approx(on_features, abs=1e-6)
    # The checkpoint finds what it was trained on.
    localizer = ActionInferencer(stored, checkpoint, device="cpu")
    assert localizer.classes == ("Basketball", "Biking")


def test_features_of_another_tower_or_crop_are_refused(words):
    root, _ = words
    options = {"features.root": str(root / "crops")}
    generate_proposals(load_config(root / "words_config.py"))
    extract_features(load_config(root / "words_config.py", options=options))
    with pytest.raises(InputError, match=r"pooling\.context"):
        evaluate(load_config(root / "words_config.py", options={**options, "model.pooling.context": 0.5}), None)
    options["model.pooling.images.weights"] = write_open_clip(root / "other", seed=1)["weights"]
    with pytest.raises(InputError, match="pooling_weights"):
        evaluate(load_config(root / "words_config.py", options=options), None)


def test_prototypes_of_a_file_stand_for_the_text_tower(words):
    root, config = words
    Prototypes(("a", "b", "a place"), torch.eye(3, WIDTH)).save(root / "texts.npz")
    config = load_config(root / "words_config.py", options={"model.head.texts": str(root / "texts.npz")})
    video = root / "videos" / "Biking" / "v_Biking_g01_c01.avi"
    found = ActionInferencer(config, actions=["a", "b"], device="cpu")(video)
    assert {each.action for each in found.tubes} <= {"a", "b"}
    with pytest.raises(InputError, match="no prototype of 'c'"):
        ActionInferencer(config, actions=["a", "c"], device="cpu")


def test_maps_of_whole_frames_are_pooled_instead_of_crops(words):
    """A tube that is the whole frame, of the tower's size, gives the mean of what open_clip gives of its patches."""
    root, _ = words
    clip = {"name": f"local-dir:{root / 'clip'}", "weights": str(root / "clip" / "open_clip_model.safetensors")}
    (root / "dense_config.py").write_text(
        f"""
_base_ = ["words_config.py"]
model = dict(
    encoder=dict(encoder=dict(_delete_=True, type="OpenClipEncoder", project=True, **{clip})),
    pooling=dict(_delete_=True, type="ActorRoIPool3D", output_size=(4, 4)),
    head=dict(roi_size=(4, 4)),
)
"""
    )
    actions = ["a person jumping", "a dog running"]
    localizer = ActionInferencer(load_config(root / "dense_config.py"), actions=actions, device="cpu")
    found = localizer(root / "videos" / "Biking" / "v_Biking_g01_c01.avi")
    assert len(found.tubes) == 1
    model = localizer._model
    frames = torch.randn(1, 1, 3, SIZE, SIZE, generator=torch.Generator().manual_seed(0))
    whole = TubeBatch(torch.tensor([[[0.0, 0, SIZE, SIZE]]]), torch.ones(1, 1), torch.zeros(1, dtype=torch.int64), 1)
    with torch.no_grad():
        maps = model.encoder.encode(frames)
        logits = model.head(model.pooling(maps, whole, model.encoder.stride))
        mean = torch.nn.functional.normalize(maps[0, 0].mean(dim=(1, 2)), dim=0)
        texts = OpenClipModel(**clip).prototypes((*actions, "a place"), TEMPLATES)
        cosines = texts.scale * texts.embeddings @ mean
    torch.testing.assert_close(logits[0], cosines[:2] - cosines[2], rtol=1e-4, atol=1e-4)
