"""Tubes scored by the texts that their features are near to."""

import math

import numpy as np
import pytest
import torch
import torch.nn.functional as F

from actorsup.errors import InputError
from actorsup.models import ActorLocalizer, ActorRoIPool3D, Prototypes
from actorsup.models.encoders import Encoder
from actorsup.models.heads import TextHead
from actorsup.models.ranking import TubeRanking
from actorsup.registry import MODELS
from tests.models.cases import small_sample

from .cases import shown, tubes_of

# Texts in a space of three channels: two actions, and what is neither.
NAMES = ("jump", "run", "a person")
PROTOTYPES = torch.tensor([[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]])


@pytest.fixture
def texts(tmp_path):
    Prototypes(NAMES, PROTOTYPES, scale=10.0).save(tmp_path / "texts.npz")
    return str(tmp_path / "texts.npz")


def build(texts, classes=("jump", "run"), **options):
    head = TextHead(classes, in_channels=3, texts=texts, **{"ranking": TubeRanking(), **options})
    head.init_weights()
    return head.eval()


def pooled(*features):
    return torch.tensor(features)[:, :, None, None]


def test_a_logit_is_the_cosine_over_the_temperature(texts):
    features = pooled([3.0, 4.0, 0.0], [0.0, 0.0, 2.0])  # cosines .6 and .8; none
    torch.testing.assert_close(build(texts)(features), torch.tensor([[6.0, 8.0], [0.0, 0.0]]))
    torch.testing.assert_close(build(texts, temperature=0.5)(features), torch.tensor([[1.2, 1.6], [0.0, 0.0]]))


def test_the_scores_of_a_softmax_and_of_sigmoids_are_probabilities(texts):
    features, tubes = pooled([3.0, 4.0, 0.0]), tubes_of([0], 1)
    ((scores, video),) = build(texts).predict(features, tubes)
    expected = math.exp(6) / (math.exp(6) + math.exp(8))
    assert scores[0].exp().tolist() == pytest.approx([expected, 1 - expected])
    assert video.tolist() == pytest.approx([expected, 1 - expected])
    ((scores, _),) = build(texts, multi_label=True).predict(features, tubes)
    assert scores[0].exp().tolist() == pytest.approx([1 / (1 + math.exp(-6)), 1 / (1 + math.exp(-8))])


def test_background_is_one_more_class(texts):
    # Cosines .48, .64 with the actions and .6 with background: softmax of 4.8, 6.4, 6.
    features, tubes = pooled([0.48, 0.64, 0.6]), tubes_of([0], 1)
    head = build(texts, background=("a person",))
    torch.testing.assert_close(head(features), torch.tensor([[-1.2, 0.4]]))
    ((scores, video),) = head.predict(features, tubes)
    total = math.exp(4.8) + math.exp(6.4) + math.exp(6)
    assert scores[0].exp().tolist() == pytest.approx([math.exp(4.8) / total, math.exp(6.4) / total])
    assert video.tolist() == pytest.approx(scores[0].exp().tolist())
    odds = head.log_odds_alone(features)[0]
    others = [math.log(math.exp(6.4) + math.exp(6)), math.log(math.exp(4.8) + math.exp(6))]
    assert odds.tolist() == pytest.approx([4.8 - others[0], 6.4 - others[1]], abs=1e-5)
    # A sigmoid compares each action with background alone.
    ((scores, _),) = build(texts, background=("a person",), multi_label=True).predict(features, tubes)
    assert scores[0].exp().tolist() == pytest.approx([1 / (1 + math.exp(1.2)), 1 / (1 + math.exp(-0.4))])


def test_who_does_nothing_scores_low_with_background_and_chance_without(texts):
    nobody, tubes = pooled([0.0, 0.0, 1.0]), tubes_of([0], 1)
    ((without, _),) = build(texts).predict(nobody, tubes)
    ((beside, _),) = build(texts, background=("a person",)).predict(nobody, tubes)
    assert without.exp().tolist() == [[pytest.approx(0.5)] * 2]
    assert beside.exp().max() < 1e-4


def test_one_action_needs_something_to_be_compared_with(texts, tmp_path):
    with pytest.raises(InputError, match="'jump' is compared with nothing"):
        build(texts, classes=["jump"])
    tubes = tubes_of([0, 0], 1)
    features = pooled([0.8, 0.0, 0.6], [0.6, 0.0, 0.8])
    ((scores, _),) = build(texts, classes=["jump"], background=["a person"]).predict(features, tubes)
    assert scores[:, 0].exp().tolist() == pytest.approx([1 / (1 + math.exp(-2)), 1 / (1 + math.exp(2))])
    # SigLIP's bias says when a picture shows a text.
    Prototypes(NAMES, PROTOTYPES, scale=10.0, bias=-7.0).save(tmp_path / "siglip.npz")
    ((scores, _),) = build(str(tmp_path / "siglip.npz"), classes=["jump"], multi_label=True).predict(features, tubes)
    assert scores[:, 0].exp().tolist() == pytest.approx([1 / (1 + math.exp(-1)), 1 / (1 + math.exp(1))])


@pytest.mark.parametrize("ranking", [None, TubeRanking()])
@pytest.mark.parametrize("background", [(), ("a person",)])
def test_of_two_obvious_tubes_each_is_first_for_its_action(texts, ranking, background):
    head = build(texts, ranking=ranking, background=background)
    ((scores, _),) = head.predict(pooled([0.9, 0.1, 0.3], [0.1, 0.9, 0.3]), tubes_of([0, 0], 1))
    assert scores.argmax(dim=0).tolist() == [0, 1]
    assert scores.argmax(dim=1).tolist() == [0, 1]


def test_the_best_tubes_speak_for_the_video(texts):
    features = pooled([1.0, 0.0, 0.0], [0.0, 0.0, 1.0], [0.0, 1.0, 0.0])
    head = build(texts, topk=2)
    torch.testing.assert_close(head.aggregate(head(features), features), torch.tensor([5.0, 5.0]))  # of 10, 0, 0
    torch.testing.assert_close(build(texts).aggregate(head(features), features), torch.tensor([10.0, 10.0]))


def test_features_are_means_over_the_grid(texts):
    grid = torch.zeros(1, 3, 2, 2)
    grid[0, 0, 0], grid[0, 1, 1, 0] = 2.0, 4.0  # means 1 and 1
    torch.testing.assert_close(build(texts, roi_size=(2, 2))(grid), torch.tensor([[1.0, 1.0]]) * 10 / math.sqrt(2))


def test_a_video_without_tubes_shows_all_alike(texts):
    for options in ({}, {"background": ("a person",)}, {"multi_label": True}):
        ((scores, video),) = build(texts, **options).predict(torch.zeros(0, 3, 1, 1), tubes_of([], 1))
        assert scores.shape == (0, 2)
        assert video[0] == video[1]


@pytest.mark.parametrize("options", [{}, {"background": ("a person",)}, {"multi_label": True}])
def test_training_begins_with_the_texts_and_lowers_the_loss(texts, options):
    generator = torch.Generator().manual_seed(0)
    # Of two tubes a video, the first shows its label: near to its text, but nearer to the other one.
    acting = torch.tensor([[0.4, 0.7, 0.2], [0.7, 0.4, 0.2]])[[0, 1, 0, 1]]
    features = torch.stack([acting, torch.rand(4, 3, generator=generator) * 0.1 + torch.tensor([0, 0, 1.0])], dim=1)
    features, tubes = features.flatten(0, 1)[:, :, None, None], tubes_of([0, 0, 1, 1, 2, 2, 3, 3], 4)
    labels = shown(0, 1, 0, 1)
    head = build(texts, temperature=0.5, **options).train()
    before = head.classifier.prototypes.detach().clone()
    torch.testing.assert_close(before, PROTOTYPES[:2])
    optimizer = torch.optim.Adam([each for each in head.parameters() if each.requires_grad], lr=0.02)
    losses = []
    for _ in range(100):
        optimizer.zero_grad()
        loss = head.loss(features, tubes, labels)["loss_action"]
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    assert losses[-1] < 0.7 * losses[0]
    assert (head.classifier.prototypes - before).norm() > 0.1
    assert head.loss(features, tubes, labels)["top1_acc"] == 1
    torch.testing.assert_close(
        head.classifier.background, PROTOTYPES[2:] if "background" in options else torch.zeros(0, 3)
    )


@pytest.mark.parametrize(
    ("learned", "expected"),
    [((), set()), (("temperature",), {"log_scale"}), (("prototypes",), {"prototypes"})],
)
def test_what_is_learnt_is_a_setting(texts, learned, expected):
    classifier = build(texts, learned=learned).classifier
    assert {name for name, each in classifier.named_parameters() if each.requires_grad} == expected


def test_a_checkpoint_has_its_prototypes_and_reads_no_text(texts):
    trained, fresh = (
        build(texts),
        TextHead(("jump", "run"), 3, {"type": "OpenClipModel", "name": "ViT-B-32", "weights": "absent"}),
    )
    fresh.load_state_dict(trained.state_dict())
    features = pooled([3.0, 4.0, 1.0])
    torch.testing.assert_close(fresh(features), trained(features))


def test_logits_are_not_rounded_in_mixed_precision(texts):
    head, features = build(texts, temperature=0.01), pooled([0.7, 0.7001, 0.1])
    with torch.autocast("cpu", dtype=torch.bfloat16):
        mixed = head(features)
    torch.testing.assert_close(mixed, head(features), rtol=0, atol=0)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"classes": []}, "classes and background are texts"),
        ({"classes": ["jump", "jump"]}, "each given once"),
        ({"background": ["jump"]}, "each given once"),
        ({"templates": ["a photo"]}, "a template has one {}"),
        ({"templates": []}, "a template has one {}"),
        ({"topk": 0}, "topk is from 1 on"),
        ({"temperature": 0.0}, "temperature above 0"),
        ({"learned": ("scale",)}, "learned is of prototypes and temperature, got 'scale'"),
    ],
)
def test_wrong_settings_are_refused(texts, options, message):
    with pytest.raises(InputError, match=message):
        TextHead(**{"classes": ["jump", "run"], "in_channels": 3, "texts": texts, **options})


def test_texts_of_another_model_or_without_a_name_are_refused(texts):
    with pytest.raises(InputError, match=r"its texts have 3 channels, and model\.head\.in_channels is 512"):
        TextHead(["jump", "run"], 512, texts).init_weights()
    with pytest.raises(InputError, match="no prototype of 'swim'; there are jump, run, a person"):
        TextHead(["jump", "swim"], 3, texts).init_weights()


@MODELS.register_module(force=True)
class ColorEncoder(Encoder):
    """Dense maps in the space of the texts: the mean colour of four by four pixels."""

    stride, out_channels = 4, 3

    def forward(self, frames):
        return F.avg_pool2d(frames, 4)


def test_dense_maps_in_the_space_are_pooled_and_scored(texts):
    """By way of the localizer, with nothing trained: red jumps, green runs."""
    head = {"type": "TextHead", "classes": ["jump", "run"], "in_channels": 3, "texts": texts, "roi_size": (2, 2)}
    preprocessor = {"type": "VideoDataPreprocessor", "mean": [0.0] * 3, "std": [1.0] * 3}
    model = ActorLocalizer({"type": "ColorEncoder"}, ActorRoIPool3D((2, 2)), head, preprocessor)
    model.init_weights()
    frames = torch.zeros(2, 3, 48, 64, dtype=torch.uint8)
    frames[:, 0, :, :32], frames[:, 1, :, 32:] = 200, 200
    (sample,) = model.eval().test_step({"inputs": [frames], "data_samples": [small_sample(num_tubes=2)]})
    assert np.argmax(sample.tube_scores, axis=0).tolist() == [0, 1]
