"""What is trained and tested on stored features is what is trained and tested on frames."""

import json

import numpy as np
import pytest
import torch
import torchvision

from tests.toy import make_toy, run_tool

FROZEN = """
_base_ = "toy_config.py"
features = dict(root="{root}/features", draws=2)
model = dict(
    encoder=dict(
        _delete_=True,
        type="FrozenEncoder",
        encoder=dict(
            type="TorchvisionEncoder",
            name="squeezenet1_1",
            node="features.4",
            padding=4,
            weights="{root}/encoder.pth",
        ),
    ),
    pooling=dict(_delete_=True, type="ActorStatisticsPool3D", output_size=(5, 5), statistics=("mean", "change")),
    head=dict(in_channels=256),
)
# The same frames in every epoch, so that one draw is all.
pipeline = [
    dict(type="SampleFrames", num_frames=4, mode="center"),
    dict(type="DecodeFrames"),
    dict(type="AttachTubes", max_tubes=20),
    dict(type="ResizeFrames", size=(96, 64)),
    dict(type="PackVideo"),
]
train_dataloader = dict(dataset=dict(pipeline=pipeline))
train_cfg = dict(max_epochs=2)
optim_wrapper = dict(optimizer=dict(lr=0.1))
"""
NAME = "head.classifier.weight"
ON_FRAMES = ("--cfg-options", "features=None")


def run(name, config, *arguments, root, code=0):
    output = run_tool(name, config, *arguments, root=root)
    assert output.returncode == code, output.stdout[-3000:] + output.stderr[-3000:]
    return output.stdout + output.stderr


def write_encoder(path, seed):
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        torch.save(torchvision.models.squeezenet1_1(weights=None).state_dict(), path)


@pytest.fixture(scope="module")
def toy(tmp_path_factory):
    """A toy project with a frozen encoder, its features, and trainings on them and on frames; what extracting said."""
    root = tmp_path_factory.mktemp("toy")
    make_toy(root)
    write_encoder(root / "encoder.pth", seed=0)
    config = root / "frozen_config.py"
    config.write_text(FROZEN.format(root=root))
    linker = ["--cfg-options", "proposals.linker=viterbi"]
    config.write_text(config.read_text() + "proposals = dict(linker='viterbi')\n")
    run("generate_proposals", config, *linker, root=root)
    printed = run("extract_features", config, root=root)
    run("train", config, "--work-dir", root / "stored", root=root)
    run("train", config, "--work-dir", root / "frames", *ON_FRAMES, root=root)
    return root, config, printed


def weights_of(folder, epoch=2):
    return torch.load(folder / f"epoch_{epoch}.pth", weights_only=False)["state_dict"]


def test_extraction_says_what_it_wrote_and_where(toy):
    root, _, printed = toy
    assert "train: 8 draws of videos stored now, 0 were there already" in printed
    assert "test: 2 draws of videos stored now, 0 were there already" in printed
    assert f"{root}/features/train: 0." in printed
    assert sorted(path.name for path in (root / "features" / "train").iterdir()) == [
        "draw_0",
        "draw_1",
        "manifest.json",
    ]


def test_training_on_stored_features_gives_the_model_of_training_on_frames(toy):
    root, _, _ = toy
    stored, frames = weights_of(root / "stored"), weights_of(root / "frames")
    assert stored.keys() == frames.keys()
    for name in stored:
        if name.startswith("encoder."):
            assert torch.equal(stored[name], frames[name]), name
    first = weights_of(root / "stored", epoch=1)
    (learnt_stored, learnt_frames) = (each[NAME] - first[NAME] for each in (stored, frames))
    assert learnt_stored.abs().max() > 1e-3
    torch.testing.assert_close(learnt_stored, learnt_frames, atol=2e-5, rtol=2e-2)


def test_a_model_of_either_is_tested_on_both(toy):
    root, config, _ = toy
    for folder in ("stored", "frames"):
        results = []
        for options in ((), ON_FRAMES):
            run("test", config, root / folder / "epoch_2.pth", "--work-dir", root / "tested", *options, root=root)
            results.append(json.loads((root / "tested" / "predictions.json").read_text()))
        for stored, frames in zip(*(result["videos"] for result in results), strict=True):
            assert (stored["video"], stored["path"]) == (frames["video"], frames["path"])
            np.testing.assert_allclose(stored["video_scores"], frames["video_scores"], atol=2e-3)
            for ours, theirs in zip(stored["tubes"], frames["tubes"], strict=True):
                assert ours["score"] == pytest.approx(theirs["score"], abs=2e-3)
                assert ours["boxes"] == theirs["boxes"]
            assert stored["true_tubes"] == frames["true_tubes"]


def test_another_head_and_other_statistics_share_the_features(toy):
    root, config, _ = toy
    other = 'dict(pooling=dict(_delete_=True, type="ActorRoIPool3D"), head=dict(type="MeanHead", in_channels=128))'
    (root / "other_head.py").write_text(f"_base_ = '{config.name}'\nmodel = {other}\ntrain_cfg = dict(max_epochs=1)")
    run("train", root / "other_head.py", root=root)


def test_more_draws_are_added_and_what_is_there_is_kept(toy, tmp_path):
    root, config, _ = toy
    options = ["--cfg-options", f"features.root={tmp_path}", "features.draws=1"]
    run("extract_features", config, *options, root=root)
    first = {path: path.read_bytes() for path in tmp_path.glob("train/draw_0/**/*.npz")}
    assert len(first) == 4
    damaged, kept = list(first)[:2]
    damaged.unlink()  # as if the run had been interrupted before
    options[-1] = "features.draws=3"
    assert "train: 9 draws of videos stored now, 3 were there already" in run(
        "extract_features", config, *options, root=root
    )
    assert {path: path.read_bytes() for path in first} == first
    assert len(list(tmp_path.glob("train/draw_2/**/*.npz"))) == 4
    assert kept.stat().st_mtime_ns < damaged.stat().st_mtime_ns


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["features.root=absent"], "absent/train: no features. Make them: actorsup extract-features CONFIG"),
        (["features.draws=3"], "4 of 12 draws of videos have no features: draw_2/"),
        (["features.draws=0"], "features.draws is a whole number above 0; got 0"),
        (["features.drawn=3"], "features need root, and take draws and memory; got"),
        (["model.encoder.encoder.padding=8"], "encoder.encoder.padding: 4 there, 8 here"),
        (["model.pooling.output_size=(3,3)", "model.head.roi_size=(3,3)"], "grid: [5, 5] there, [3, 3] here"),
        (["train_dataloader.dataset.pipeline.0.num_frames=5"], "pipeline: [{"),
        (["model.data_preprocessor.mean=[0.5,0.5,0.5]"], "preprocessor.mean: [0.485"),
        (["model.encoder.encoder.weights=other.pth"], "encoder_weights: "),
        (["load_from=other_model.pth"], "encoder_weights: "),
    ],
)
def test_what_the_features_are_not_of_is_refused_before_a_training(toy, options, message):
    root, config, _ = toy
    write_encoder(root / "other.pth", seed=1)
    other = weights_of(root / "stored")
    first = next(name for name in other if name.startswith("encoder."))
    torch.save({"state_dict": {**other, first: other[first] + 1}}, root / "other_model.pth")
    printed = run("train", config, "--work-dir", root / "refused", "--cfg-options", *options, root=root, code=2)
    assert message in printed
    assert not list((root / "refused").glob("*.pth"))


def test_a_checkpoint_of_another_encoder_is_not_tested_on_the_features(toy):
    root, config, _ = toy
    checkpoint = torch.load(root / "stored" / "epoch_2.pth", weights_only=False)
    first = next(name for name in checkpoint["state_dict"] if name.startswith("encoder."))
    checkpoint["state_dict"][first] += 1
    torch.save(checkpoint, root / "tuned.pth")
    printed = run("test", config, root / "tuned.pth", "--work-dir", root / "tested", root=root, code=2)
    assert "encoder_weights: " in printed
    run("test", config, root / "tuned.pth", "--work-dir", root / "tested", *ON_FRAMES, root=root)


def test_a_resumed_training_takes_the_draws_of_one_that_was_not_interrupted(toy, tmp_path):
    root, config, _ = toy
    (root / "drawn.py").write_text(
        f"_base_ = '{config.name}'\nfeatures = dict(root='{tmp_path}', draws=3)\n"
        "train_dataloader = dict(dataset=dict(pipeline=_base_.train_pipeline))"
    )
    run("extract_features", root / "drawn.py", root=root)
    for folder, *epochs in (("whole", 2), ("parts", 1, 2)):
        for each in epochs:
            resume = ["--resume"] if each > epochs[0] else []
            options = ["--work-dir", tmp_path / folder, *resume, "--cfg-options", f"train_cfg.max_epochs={each}"]
            run("train", root / "drawn.py", *options, root=root)
    whole, parts, still = (weights_of(folder) for folder in (tmp_path / "whole", tmp_path / "parts", root / "stored"))
    assert all(torch.equal(whole[name], parts[name]) for name in whole)
    assert not torch.equal(whole[NAME], still[NAME])


def test_a_validation_reads_features_of_its_own(toy, tmp_path):
    root, config, _ = toy
    (root / "validated.py").write_text(
        f"_base_ = '{config.name}'\nfeatures = dict(root='{tmp_path}', draws=1)\n"
        "val_dataloader, val_evaluator = _base_.test_dataloader, _base_.test_evaluator\nval_cfg = dict(type='ValLoop')"
    )
    assert "val: 2 draws of videos stored now" in run("extract_features", root / "validated.py", root=root)
    run("train", root / "validated.py", "--work-dir", tmp_path / "work", root=root)
    lines = [json.loads(line) for line in next((tmp_path / "work").glob("*/vis_data/scalars.json")).open()]
    assert sum("mAP@0.5" in line for line in lines) == 2


def test_a_store_of_proposals_that_the_dataset_names_counts_by_its_manifest(toy):
    root, config, _ = toy
    (store,) = (root / "proposals" / "color").glob("tubes_*")
    options = [f"{loader}_dataloader.dataset.tube_store={store}" for loader in ("train", "test")]
    options += ["proposals.linker=siamese", "train_cfg.max_epochs=1"]  # which is not what the stores are of
    run("train", config, "--work-dir", root / "named", "--cfg-options", *options, root=root)
    printed = run("train", config, "--work-dir", root / "refused", "--cfg-options", *options[2:], root=root, code=2)
    assert "no proposals" in printed
    manifest = store / "manifest.json"
    before = manifest.read_text()
    manifest.write_text(before.replace("ViterbiLinker", "OtherLinker"))
    printed = run("train", config, "--work-dir", root / "refused", "--cfg-options", *options, root=root, code=2)
    manifest.write_text(before)
    assert "proposals.linker.type: ViterbiLinker there, OtherLinker here" in printed


def test_an_encoder_that_is_trained_and_a_config_without_features_are_errors(toy):
    root, config, _ = toy
    (root / "tuned.py").write_text(
        f"_base_ = '{config.name}'\nmodel = dict(encoder=dict(_delete_=True, type='VGG16Encoder'))"
    )
    for command in ("train", "extract_features"):
        printed = run(command, root / "tuned.py", root=root, code=2)
        assert "features are stored of a FrozenEncoder, and model.encoder is a VGG16Encoder" in printed
    printed = run("extract_features", config, *ON_FRAMES, root=root, code=2)
    assert "has no features=dict(root=FOLDER, draws=NUMBER)" in printed
    printed = run("extract_features", config, "--launcher", "pytorch", root=root, code=2)
    assert "features are extracted by one process: leave out --launcher" in printed


def test_a_split_that_is_not_there_is_left_out_and_said(toy, tmp_path):
    root, config, _ = toy
    options = ["--cfg-options", f"features.root={tmp_path}", "test_dataloader.dataset.split=absent"]
    printed = run("extract_features", config, *options, root=root)
    assert "has no split 'absent'" in printed
    assert "its videos are left out" in printed
    assert "train: 8 draws" in printed
    assert not (tmp_path / "test").exists()


def test_true_tubes_that_are_learnt_from_count(toy, tmp_path):
    root, config, _ = toy
    (root / "supervised.py").write_text(
        f"_base_ = '{config.name}'\nfeatures = dict(root='{tmp_path}', draws=1)\n"
        "model = dict(head=dict(_delete_=True, type='SupervisedTubeHead', num_classes=2, in_channels=256))\n"
        "pipeline = [*_base_.pipeline[:-1], dict(type='LabelTubes'), _base_.pipeline[-1]]\n"
        "train_dataloader = dict(dataset=dict(true_tubes=True, pipeline=pipeline))\n"
    )
    run("extract_features", root / "supervised.py", root=root)
    run("train", root / "supervised.py", "--work-dir", tmp_path / "work", root=root)
    annotation = root / "pyannot.pkl"
    before = annotation.read_bytes()
    annotation.write_bytes(before + b"changed")
    printed = run("train", root / "supervised.py", "--work-dir", tmp_path / "other", root=root, code=2)
    annotation.write_bytes(before)
    assert "annotation.files: [" in printed
    assert printed.count("pyannot.pkl sha256:") == 2  # there and here


OF_CLIPS = """
_base_ = "frozen_config.py"
features = dict(root="{root}/clips", draws=1)
model = dict(
    precision="{precision}",
    encoder=dict(
        encoder=dict(
            _delete_=True,
            type="TransformersVideoEncoder",
            model=dict(
                model_type="vjepa2",
                hidden_size=24,
                num_hidden_layers=2,
                num_attention_heads=2,
                crop_size=64,
                pred_hidden_size=24,
                pred_num_attention_heads=2,
                pred_num_hidden_layers=1,
            ),
            weights="{root}/vjepa2",
        ),
    ),
    head=dict(in_channels=48),
)
pipeline = [dict(type="SampleFrames", num_frames=5, mode="center"), *_base_.pipeline[1:]]
train_dataloader = dict(dataset=dict(pipeline=pipeline))
test_dataloader = dict(dataset=dict(pipeline=pipeline))
"""


def test_features_of_an_encoder_with_a_stride_in_time_are_of_its_maps(toy):
    """Five sampled frames are three maps; a precision makes other features."""
    from transformers import VJEPA2Config, VJEPA2Model

    root, _, _ = toy
    clips = root / "clips_config.py"
    clips.write_text(OF_CLIPS.format(root=root, precision="float32"))
    settings = {"hidden_size": 24, "num_hidden_layers": 2, "num_attention_heads": 2, "crop_size": 64}
    predictor = {"pred_hidden_size": 24, "pred_num_attention_heads": 2, "pred_num_hidden_layers": 1}
    torch.manual_seed(0)
    VJEPA2Model(VJEPA2Config(**settings, **predictor)).save_pretrained(root / "vjepa2")
    run("extract_features", clips, root=root)
    with np.load(next((root / "clips").glob("train/draw_0/**/*.npz"))) as arrays:
        assert arrays["frame_features"].shape == (1, 3, 24, 5, 5)
        assert arrays["frame_mask"].shape == (1, 5)
    run("train", clips, "--work-dir", root / "of_clips", root=root)
    scores = []
    for options in ((), ON_FRAMES):
        run("test", clips, root / "of_clips" / "epoch_2.pth", "--work-dir", root / "tested", *options, root=root)
        predictions = json.loads((root / "tested" / "predictions.json").read_text())["videos"]
        scores.append([video["video_scores"] for video in predictions])
    np.testing.assert_allclose(*scores, atol=2e-3)
    clips.write_text(OF_CLIPS.format(root=root, precision="bfloat16"))
    assert "precision: float32 there, bfloat16 here" in run("extract_features", clips, root=root, code=2)


def test_all_of_a_video_encoder_is_trained_on_frames(toy):
    root, _, _ = toy
    (root / "tuned_clips.py").write_text(
        "_base_ = 'toy_config.py'\n"
        "proposals = dict(linker='viterbi')\n"
        "model = dict(encoder=dict(_delete_=True, type='TorchvisionVideoEncoder', name='mc3_18', node='layer1'),\n"
        "    precision='bfloat16', checkpointing=True, head=dict(in_channels=64))\n"
        "train_cfg = dict(max_epochs=1)\n"
    )
    run("train", root / "tuned_clips.py", "--work-dir", root / "tuned_clips", root=root)
    state = torch.load(root / "tuned_clips" / "epoch_1.pth", weights_only=False)["state_dict"]
    assert state["encoder.body.stem.1.num_batches_tracked"] == 2  # of two batches: what is computed again counts once
    run("test", root / "tuned_clips.py", root / "tuned_clips" / "epoch_1.pth", root=root)
