"""The whole model on small videos: its three modes, its gradients, and the paper's optimiser."""

import copy
import dataclasses

import numpy as np
import pytest
import torch
from mmengine.optim import build_optim_wrapper

from actorsup.errors import InputError
from actorsup.models.encoders import Encoder
from actorsup.models.encoders.encoder import padded_clips
from actorsup.models.heads.tube_head import log_odds_of
from actorsup.registry import MODELS
from actorsup.structures import TubeBatch

from .cases import OWN_SCORES, VGG16_MODEL, small_frames, small_sample

SQUEEZENET_MODEL = copy.deepcopy(VGG16_MODEL)
SQUEEZENET_MODEL["encoder"] = {
    "type": "TorchvisionEncoder",
    "name": "squeezenet1_1",
    "node": "features.12",
    "padding": 8,
}

# The paper's: weight decay for the classifier alone.
OPTIM_WRAPPER = {
    "type": "OptimWrapper",
    "optimizer": {"type": "SGD", "lr": 1e-3, "momentum": 0.95, "weight_decay": 1e-4},
    "paramwise_cfg": {"custom_keys": {"encoder": {"decay_mult": 0.0}}},
}


def build(config=SQUEEZENET_MODEL):
    torch.manual_seed(0)
    model = MODELS.build(copy.deepcopy(config))
    model.init_weights()
    return model


SUPERVISED_MODEL = copy.deepcopy(SQUEEZENET_MODEL)
SUPERVISED_MODEL["head"] = {"type": "SupervisedTubeHead", "num_classes": 4, "in_channels": 512}


def two_videos_one_without_tubes():
    return {
        "inputs": [small_frames(seed=0), small_frames(seed=1)],
        "data_samples": [small_sample("jump/01"), small_sample("jump/02", num_tubes=0)],
    }


def run(model, data, mode):
    return model(**model.data_preprocessor(data), mode=mode)


def test_loss_mode_gives_a_finite_loss_and_an_accuracy_beside_it():
    losses = run(build(), two_videos_one_without_tubes(), "loss")
    total, _ = build().parse_losses(losses)
    assert total.isfinite()
    assert total == losses["loss_action"]  # the accuracy is logged, not minimised


def test_predict_mode_gives_every_sample_its_scores():
    with torch.no_grad():
        samples = build().test_step(two_videos_one_without_tubes())
    assert [sample.video for sample in samples] == ["jump/01", "jump/02"]
    assert [sample.tube_scores.shape for sample in samples] == [(3, 4), (0, 4)]
    assert np.exp(samples[0].tube_scores).sum(axis=1) == pytest.approx([1, 1, 1], abs=1e-6)
    assert samples[1].video_scores.tolist() == [0.25] * 4


def test_tensor_mode_gives_the_logits_that_the_scores_come_from():
    model = build()
    data = two_videos_one_without_tubes()
    with torch.no_grad():
        logits = run(model, data, "tensor")
        scores = run(model, data, "predict")[0].tube_scores
    torch.testing.assert_close(logits.double().softmax(dim=1), torch.from_numpy(scores).exp())


def test_an_unknown_mode_is_an_error():
    with pytest.raises(ValueError, match="'losses'"):
        run(build(), two_videos_one_without_tubes(), "losses")


def test_a_batch_without_any_tube_trains_and_predicts():
    model = build()
    data = {"inputs": [small_frames()], "data_samples": [small_sample(num_tubes=0)]}
    losses = run(model, data, "loss")
    losses["loss_action"].backward()
    assert losses["loss_action"].item() == 0
    assert all(parameter.grad is not None for parameter in model.parameters())
    assert run(model, data, "predict")[0].tube_scores.shape == (0, 4)


MULTI_LABEL_MODEL = {**SQUEEZENET_MODEL, "head": {**SQUEEZENET_MODEL["head"], "multi_label": True}}
TWO_STREAM_MODEL = {
    **SQUEEZENET_MODEL,
    "head": {"type": "OnlineRefinementHead", "num_classes": 4, "in_channels": 512, "ranking": OWN_SCORES},
}


@pytest.mark.parametrize("labels", [None, (-1,), (4,), (1, 4), (-1, 2)])
@pytest.mark.parametrize("config", [SQUEEZENET_MODEL, MULTI_LABEL_MODEL, TWO_STREAM_MODEL])
def test_labels_outside_of_the_classes_name_the_video_and_the_range(config, labels):
    data = {"inputs": [small_frames()], "data_samples": [small_sample("jump/07", labels=labels)]}
    with pytest.raises(InputError) as raised:
        run(build(config), data, "loss")
    assert str(raised.value).startswith(f"jump/07: its labels are {labels}, but training needs 0 to 3 (num_classes of")


@pytest.mark.parametrize(("labels", "number"), [((), "no"), ((0, 3), "2"), ((0, 1, 2), "3")])
def test_a_head_of_one_softmax_takes_one_label_and_says_which_heads_take_others(labels, number):
    data = {"inputs": [small_frames()] * 2, "data_samples": [small_sample(), small_sample("jump/07", labels=labels)]}
    with pytest.raises(InputError) as raised:
        run(build(), data, "loss")
    expected = f"jump/07: has {number} labels, and TopKAttentionHead takes one a video: give it multi_label=True, or"
    assert str(raised.value).startswith(expected)
    assert "OnlineRefinementHead" in str(raised.value)
    for config in (MULTI_LABEL_MODEL, TWO_STREAM_MODEL):
        assert run(build(config), data, "loss")["loss_action"].isfinite()


def test_a_model_of_several_labels_learns_from_all_of_each_video():
    model, shown = build(MULTI_LABEL_MODEL), [(0, 3), (), (2,)]
    samples = [small_sample(f"jump/0{index}", labels=labels) for index, labels in enumerate(shown)]
    data = {"inputs": [small_frames(seed=seed) for seed in range(3)], "data_samples": samples}
    loss = run(model, data, "loss")["loss_action"]
    best = run(model, data, "tensor").detach().unflatten(0, (3, 3)).amax(dim=1)  # k = 1
    targets = torch.tensor([[1.0, 0, 0, 1], [0, 0, 0, 0], [0, 0, 1, 0]])
    expected = -(targets * best.sigmoid().log() + (1 - targets) * (1 - best.sigmoid()).log()).sum() / 3
    torch.testing.assert_close(loss.detach(), expected)
    with torch.no_grad():
        predicted = model.eval().test_step(data)
    for sample, logits in zip(predicted, best, strict=True):
        np.testing.assert_allclose(sample.video_scores, logits.sigmoid().numpy(), rtol=1e-4)
        assert sample.labels in shown


def test_full_supervision_learns_from_the_labels_of_tubes_and_needs_none_of_videos():
    model = build(SUPERVISED_MODEL)
    samples = [
        small_sample("jump/01", labels=None, tube_labels=[3, -1, 0]),
        small_sample("jump/02", num_tubes=0, labels=None, tube_labels=[]),
        small_sample("jump/03", num_tubes=1, labels=None, tube_labels=[2]),
    ]
    data = {"inputs": [small_frames(seed=seed) for seed in range(3)], "data_samples": samples}
    loss = run(model, data, "loss")["loss_action"]
    loss.backward()
    assert next(model.encoder.parameters()).grad.any()
    # Background's logit is 0.
    logits = torch.nn.functional.pad(run(model, data, "tensor"), (0, 1))
    expected = -logits.log_softmax(dim=1)[range(4), [3, 4, 0, 2]].mean()
    torch.testing.assert_close(loss, expected)
    assert run(model, data, "predict")[0].tube_scores.shape == (3, 4)


def test_full_supervision_without_labels_of_tubes_names_the_video_and_the_remedy():
    data = {"inputs": [small_frames()], "data_samples": [small_sample("jump/07")]}
    with pytest.raises(InputError, match=r"jump/07: .*SupervisedTubeHead.*true_tubes=True.*LabelTubes"):
        run(build(SUPERVISED_MODEL), data, "loss")


@pytest.mark.parametrize("label", [-2, 4])
def test_a_tubes_label_outside_of_the_classes_names_the_video_and_the_range(label):
    data = {"inputs": [small_frames()], "data_samples": [small_sample("jump/07", tube_labels=[0, label, -1])]}
    with pytest.raises(InputError, match=rf"jump/07: .*\[0, {label}, -1\].* -1 to 3"):
        run(build(SUPERVISED_MODEL), data, "loss")


def test_a_label_is_not_needed_to_predict():
    data = {"inputs": [small_frames()], "data_samples": [small_sample(labels=None)]}
    assert run(build(), data, "predict")[0].labels is None


def test_a_larger_video_in_the_batch_does_not_change_tubes_away_from_the_padding():
    torch.manual_seed(0)
    shallow = {**SQUEEZENET_MODEL["encoder"], "node": "features.4", "padding": 4}  # receptive field: 39 pixels
    head = {**SQUEEZENET_MODEL["head"], "in_channels": 128}
    model = build({**SQUEEZENET_MODEL, "encoder": shallow, "head": head})
    small, large = small_frames(size=(96, 64)), small_frames(size=(128, 96), seed=1)
    small_video = small_sample("small", size=(32, 32))  # tubes in the upper left, at least 24 pixels from the padding
    large_video = small_sample("large", size=(128, 96))
    with torch.no_grad():
        alone = run(model, {"inputs": [small], "data_samples": [small_video]}, "tensor")
        beside = run(model, {"inputs": [small, large], "data_samples": [small_video, large_video]}, "tensor")[:3]
    torch.testing.assert_close(beside, alone)


def test_the_same_seed_gives_the_same_model_after_a_step():
    states = []
    for _ in range(2):
        model = build()
        model.train_step(two_videos_one_without_tubes(), build_optim_wrapper(model, OPTIM_WRAPPER))
        states.append(model.state_dict())
    assert all(torch.equal(states[0][name], states[1][name]) for name in states[0])


def test_one_step_reaches_the_first_convolution_of_vgg16():
    model = build(VGG16_MODEL)
    first = model.encoder.features[0].weight
    before, gradients = first.detach().clone(), []
    first.register_hook(gradients.append)
    model.train_step(two_videos_one_without_tubes(), build_optim_wrapper(model, OPTIM_WRAPPER))
    assert gradients[0].any()
    assert not torch.equal(first, before)


def test_only_selected_tubes_carry_gradient_into_the_encoder():
    model = build(VGG16_MODEL)
    data = model.data_preprocessor({"inputs": [small_frames()], "data_samples": [small_sample(num_tubes=6)]})
    tubes = TubeBatch.from_samples(data["data_samples"], "cpu")
    maps = model.encoder(data["inputs"].flatten(0, 1)).unflatten(0, (1, 2))
    pooled = model.pooling(maps, tubes, model.encoder.stride)
    pooled.retain_grad()
    model.head.loss(pooled, tubes, torch.eye(4, dtype=torch.bool)[[1]])["loss_action"].backward()

    selected = torch.zeros(6, dtype=torch.bool)
    selected[model.head(pooled).argmax(dim=0)] = True  # k = 1: the best tube of each class
    assert 0 < selected.sum() < 6
    assert torch.equal(pooled.grad.flatten(1).any(dim=1), selected)
    assert model.encoder.features[0].weight.grad.any()


def test_data_preprocessor_defaults_to_imagenets_mean_and_deviation():
    config = {key: value for key, value in SQUEEZENET_MODEL.items() if key != "data_preprocessor"}
    data = two_videos_one_without_tubes()
    default = MODELS.build(config).data_preprocessor(data)["inputs"]
    assert torch.equal(default, build().data_preprocessor(data)["inputs"])


def with_steps(*steps):
    return {**SQUEEZENET_MODEL, "post_processing": [*steps]}


def test_steps_that_look_at_different_windows_are_refused():
    with pytest.raises(ValueError, match=r"the same window of frames, got \[3, 5\]"):
        build(with_steps({"type": "TemporalTrimming", "window": 3}, {"type": "TemporalTrimming", "window": 5}))


def test_steps_run_in_their_order_and_leave_proposals_and_scores_as_they_were():
    steps = [{"type": "TubeNMS", "threshold": 0.9}, {"type": "TubeNMS", "threshold": 0.0}]
    data = two_videos_one_without_tubes()
    with torch.no_grad():
        plain = build().test_step(data)
        processed = build(with_steps(*steps)).test_step(data)
    for before, after in zip(plain, processed, strict=True):
        assert after.frame_scores is None  # nothing needs them
        assert after.proposals == before.proposals
        np.testing.assert_array_equal(after.tube_scores, before.tube_scores)
        assert before.processed is None
        assert after.ranked_tubes is after.processed
    assert len(processed[0].ranked_tubes.tubes) == 3  # side by side: none overlaps another
    assert len(processed[1].ranked_tubes.tubes) == 0


def test_without_steps_the_proposals_are_ranked():
    with torch.no_grad():
        sample = build().test_step(two_videos_one_without_tubes())[0]
    ranked = sample.ranked_tubes
    assert ranked.tubes == sample.proposals
    assert ranked.scores is sample.tube_scores
    assert ranked.proposals.tolist() == [0, 1, 2]


def test_a_step_that_is_not_registered_is_named():
    with pytest.raises(KeyError, match="NoSuchStep"):
        build(with_steps({"type": "NoSuchStep"}))


FROZEN_MODEL = {
    **SQUEEZENET_MODEL,
    "encoder": {
        "type": "FrozenEncoder",
        "encoder": {**SQUEEZENET_MODEL["encoder"], "node": "features.4", "padding": 4},
    },
    "head": {**SQUEEZENET_MODEL["head"], "in_channels": 128},
}
STATISTICS = {"type": "ActorStatisticsPool3D", "statistics": ["mean", "change"]}
POOLINGS = {
    "mean": FROZEN_MODEL,
    "statistics": {**FROZEN_MODEL, "pooling": STATISTICS, "head": {**FROZEN_MODEL["head"], "in_channels": 256}},
}


def three_videos():
    data = two_videos_one_without_tubes()
    partly = dataclasses.replace(small_sample("jump/03", num_tubes=2), frame_mask=torch.tensor([[1, 0], [1, 1]]).bool())
    return {"inputs": [*data["inputs"], small_frames(seed=2)], "data_samples": [*data["data_samples"], partly]}


def on_stored_features(model, data):
    """The same videos with stored features, and no frames."""
    samples = []
    for frames, sample in zip(data["inputs"], data["data_samples"], strict=True):
        features = model.frame_features(**model.data_preprocessor({"inputs": [frames], "data_samples": [sample]}))
        samples.append(dataclasses.replace(sample, frame_features=features.half()))
    return {"inputs": [frames[..., :0, :0] for frames in data["inputs"]], "data_samples": samples}


@pytest.mark.parametrize("config", POOLINGS.values(), ids=POOLINGS)
def test_predictions_on_stored_features_are_those_on_frames(config, monkeypatch):
    model, data = build({**config, "post_processing": [{"type": "TemporalTrimming"}]}).eval(), three_videos()
    stored = on_stored_features(model, data)
    with torch.no_grad():
        expected = run(model, data, "predict")
        monkeypatch.setattr(model.encoder, "forward", None)  # which would fail
        samples = run(model, stored, "predict")
    for sample, of_frames in zip(samples, expected, strict=True):
        for name in ("tube_scores", "video_scores", "frame_scores"):
            np.testing.assert_allclose(getattr(sample, name), getattr(of_frames, name), atol=2e-3)
    assert np.ptp(expected[0].tube_scores) > 0.02  # there is something to tell apart


@pytest.mark.parametrize("config", POOLINGS.values(), ids=POOLINGS)
def test_training_on_stored_features_is_training_on_frames(config):
    weights = []
    for stored in (False, True):
        model, data = build(config), three_videos()
        data = on_stored_features(model, data) if stored else data
        optim_wrapper = build_optim_wrapper(model, {"type": "OptimWrapper", "optimizer": {"type": "SGD", "lr": 1e-2}})
        before = model.head.classifier.weight.detach().clone()
        for _ in range(3):
            model.train_step(data, optim_wrapper)
        weights.append(model.head.classifier.weight.detach() - before)
        assert all(parameter.grad is None for parameter in model.encoder.parameters())
    assert weights[0].abs().max() > 1e-3
    torch.testing.assert_close(*weights, atol=2e-5, rtol=2e-2)


def test_a_batch_has_stored_features_or_frames():
    model, data = build(FROZEN_MODEL), three_videos()
    stored = on_stored_features(model, data)
    mixed = {**data, "data_samples": [stored["data_samples"][0], *data["data_samples"][1:]]}
    with pytest.raises(ValueError, match="jump/02: has no frame_features, and other videos of its batch have"):
        run(model, mixed, "loss")


@pytest.mark.parametrize("window", [1, 3])
@pytest.mark.parametrize("config", POOLINGS.values(), ids=POOLINGS)
def test_scores_of_frames_are_the_heads_of_the_tubes_around_them(config, window):
    model = build({**config, "post_processing": [{"type": "TemporalTrimming", "window": window}]}).eval()
    data = three_videos()
    with torch.no_grad():
        samples = run(model, data, "predict")
        for sample, frames in zip(samples, data["inputs"], strict=True):
            assert sample.frame_scores.shape == (*sample.frame_mask.shape, 4)
            num_frames = sample.frame_mask.shape[1]
            for frame in range(num_frames):
                around = torch.zeros_like(sample.frame_mask)
                around[:, max(frame - window // 2, 0) : frame + window // 2 + 1] = True
                kept = (sample.frame_mask & around).any(dim=1)
                mask = torch.where(kept[:, None], sample.frame_mask & around, sample.frame_mask)
                cut = {"inputs": [frames], "data_samples": [dataclasses.replace(sample, frame_mask=mask)]}
                expected = log_odds_of(run(model, cut, "tensor"))[kept]
                np.testing.assert_allclose(sample.frame_scores[kept, frame], expected.numpy(), atol=2e-4)


class PairEncoder(Encoder):
    """The sum of the colours of two frames each: map j stands for the frames 2 j and 2 j + 1."""

    stride, out_channels, temporal_stride, takes_clips = 8, 3, 2, True

    def __init__(self) -> None:
        super().__init__()
        self.gain = torch.nn.Parameter(torch.ones(()))

    def forward(self, clips):
        pairs = padded_clips(clips, 2).unflatten(1, (-1, 2)).sum(dim=2)
        return self.gain * torch.nn.functional.avg_pool2d(pairs.flatten(0, 1), 8).unflatten(0, pairs.shape[:2])


IDENTITY = {"type": "VideoDataPreprocessor", "mean": [0.0] * 3, "std": [1 / 255] * 3}  # intensities from 0 to 255


def pair_model(pooling="ActorRoIPool3D", factor=1, **options):
    return build(
        {
            "type": "ActorLocalizer",
            "encoder": PairEncoder(),
            "pooling": {"type": pooling, "output_size": (1, 1)},
            "head": {"type": "MeanHead", "num_classes": 4, "in_channels": 3 * factor, "roi_size": (1, 1)},
            "data_preprocessor": IDENTITY,
            **options,
        }
    )


def flat_video(levels, frame_mask):
    """Frames of one grey each, and one tube that covers some of them."""
    frames = torch.tensor(levels, dtype=torch.uint8)[:, None, None, None].expand(-1, 3, 48, 64)
    sample = small_sample(num_tubes=1, num_frames=len(levels))
    return frames, dataclasses.replace(sample, frame_mask=torch.tensor([frame_mask], dtype=torch.bool))


def test_with_a_stride_in_time_tubes_are_pooled_over_the_maps_that_they_cover():
    frames, sample = flat_video([1, 3, 10, 20, 50], [0, 1, 0, 0, 1])
    model, pooled = pair_model(), []
    model.pooling.register_forward_hook(lambda module, given, output: pooled.append(output))
    run(model, {"inputs": [frames], "data_samples": [sample]}, "tensor")
    # Maps are 4, 30 and, of the last frame and its repetition, 100; one frame counts in the first and in the last.
    torch.testing.assert_close(pooled[0].flatten(), torch.full((3,), (0.5 * 4 + 0.5 * 100) / 1.0))


def test_frames_have_the_scores_of_their_map_and_of_whole_maps_beside():
    frames, sample = flat_video([1, 3, 10, 20, 50, 52], [1] * 6)
    for window, sums in ((3, [4, 4, 30, 30, 102, 102]), (5, [17, 17, 136 / 3, 136 / 3, 66, 66])):
        model = pair_model(post_processing=[{"type": "TemporalTrimming", "window": window}]).eval()
        seen = []
        model.head.log_odds_alone = lambda pooled, seen=seen: seen.append(pooled) or pooled[:, :1, 0, 0].expand(-1, 4)
        with torch.no_grad():
            (predicted,) = run(model, {"inputs": [frames], "data_samples": [sample]}, "predict")
        np.testing.assert_allclose(predicted.frame_scores[0, :, 0], sums, rtol=1e-6)


@pytest.mark.parametrize(("pooling", "factor"), [("ActorRoIPool3D", 1), ("ActorStatisticsPool3D", 3)])
def test_with_a_stride_in_time_stored_features_stand_for_frames(pooling, factor):
    model = pair_model(pooling, factor, post_processing=[{"type": "TemporalTrimming", "window": 3}]).eval()
    videos = [flat_video([1, 3, 10, 20, 50], [0, 1, 1, 0, 1]), flat_video([9, 8, 7, 6, 5], [1, 1, 1, 1, 0])]
    data = {"inputs": [frames for frames, _ in videos], "data_samples": [sample for _, sample in videos]}
    stored = on_stored_features(model, data)
    assert stored["data_samples"][0].frame_features.shape == (1, 3, 3, 1, 1)
    with torch.no_grad():
        for sample, expected in zip(run(model, stored, "predict"), run(model, data, "predict"), strict=True):
            np.testing.assert_allclose(sample.tube_scores, expected.tube_scores, rtol=1e-3)
            np.testing.assert_allclose(sample.frame_scores, expected.frame_scores, rtol=1e-2, atol=1e-3)


def test_stored_features_of_another_stride_in_time_are_refused():
    frames, sample = flat_video([1, 3, 10, 20, 50], [1] * 5)
    sample = dataclasses.replace(sample, frame_features=torch.zeros(1, 5, 3, 1, 1))
    with pytest.raises(ValueError, match="jump/01: has frame_features of 5 maps, and the encoder gives 3 of 5 frames"):
        run(pair_model(), {"inputs": [frames], "data_samples": [sample]}, "tensor")
