"""Stored features stand for frames, and what is drawn for them depends on the video and the draw alone."""

import random
from dataclasses import replace

import numpy as np
import pytest
import torch

from actorsup.datasets import StoredFeatures, VideoDraws
from actorsup.errors import InputError, StoreError
from actorsup.io import FeatureStore, Fingerprint
from actorsup.registry import DATASETS

PIPELINE = [
    {"type": "SampleFrames", "num_frames": 4},
    {"type": "DecodeFrames"},
    {"type": "AttachTubes"},
    {"type": "FlipFrames"},
    {"type": "PackVideo"},
]
FEATURES = Fingerprint({"encoder": "any"})


@pytest.fixture
def training(thumos13, logged_warnings):
    dataset = thumos13.build(pipeline=PIPELINE)
    assert "training leaves them out" in logged_warnings.pop()
    return dataset


@pytest.fixture
def stored(thumos13, training):
    """A training dataset, and a store of two draws of each of its videos; features are the number of the draw."""
    dataset = training
    return dataset, store_of(dataset, thumos13.root / "features")


def store_of(dataset, folder, draws=2) -> FeatureStore:
    store = FeatureStore(folder, FEATURES)
    store.create()
    for draw in range(draws):
        for data in VideoDraws(dataset, [(index, draw) for index in range(len(dataset))]):
            sample = data["data_samples"]
            features = torch.full((*sample.frame_mask.shape, 3, 2, 2), float(draw))
            store.save(store.entry(sample.video, draw), replace(sample, frame_features=features))
    return store


def build(dataset, store, **options) -> StoredFeatures:
    return StoredFeatures(dataset, store.folder, FEATURES.made_by, **{"draws": 2, **options})


def test_features_stand_for_frames_and_labels_are_the_datasets(stored):
    dataset, store = stored
    features = build(dataset, store)
    assert len(features) == len(dataset) == 3
    assert features.metainfo == dataset.metainfo
    for index, (video, _) in enumerate(dataset.videos()):
        data = features[index]
        sample = data["data_samples"]
        assert (sample.video, sample.labels) == (video, dataset.labels[index])
        assert data["inputs"].shape == (4, 3, 0, 0)
        assert data["inputs"].dtype == torch.uint8
        assert sample.frame_features.shape == (len(sample.proposals), 4, 3, 2, 2)
        assert sample.frame_features.dtype == torch.float16
        draw = int(sample.frame_features.unique())
        expected = VideoDraws(dataset, [(index, draw)])[0]["data_samples"]
        assert torch.equal(sample.tubes, expected.tubes)
        assert sample.frame_indices.tolist() == expected.frame_indices.tolist()


def test_the_true_tubes_of_testing_are_the_datasets(thumos13, logged_warnings):
    dataset = thumos13.build(pipeline=PIPELINE, test_mode=True)
    logged_warnings.clear()  # a video has no annotation
    store = store_of(dataset, thumos13.root / "features", draws=1)
    without_tubes = 0
    for index, data in enumerate(build(dataset, store, draws=1)):
        sample = data["data_samples"]
        assert (sample.ground_truth[0].label,) == sample.labels
        assert np.array_equal(sample.ground_truth[0].boxes, dataset.ground_truth(index)[0].boxes)
        without_tubes += not sample.proposals
    assert without_tubes == 1


@pytest.mark.parametrize("memory", [4096, 0])
def test_draws_follow_numpys_generator_held_or_not(stored, memory):
    features = build(*stored, memory=memory)

    def drawn(seed):
        np.random.seed(seed)
        return [int(features[index]["data_samples"].frame_features.unique()) for index in [0, 1, 2] * 5]

    assert drawn(0) == drawn(0) != drawn(1)
    assert set(drawn(0)) == {0, 1}
    np.random.seed(0)
    first = features[0]["data_samples"]
    np.random.seed(0)
    assert (features[0]["data_samples"] is first) == (memory > 0)


def test_one_draw_is_the_first(stored):
    features = build(*stored, draws=1)
    assert {int(features[index]["data_samples"].frame_features.unique()) for index in [0, 1, 2] * 5} == {0}


def test_missing_features_are_named_with_the_command_that_makes_them(stored):
    dataset, store = stored
    video = dataset.videos()[1][0]
    store.path(store.entry(video, 1)).unlink()
    message = f"1 of 6 draws of videos have no features: draw_1/{video}. Make them: actorsup extract-features CONFIG"
    with pytest.raises(InputError, match=message):
        build(dataset, store)
    assert len(build(dataset, store, draws=1)) == 3
    assert build(dataset, store, lazy_init=True).store.exists
    with pytest.raises(InputError, match="draws must be 1 or more, got 0"):
        build(dataset, store, draws=0)


def test_features_of_another_configuration_are_refused(stored):
    dataset, store = stored
    with pytest.raises(StoreError, match="these features were made by another configuration:\n  encoder: any there"):
        StoredFeatures(dataset, store.folder, {"encoder": "other"})


def test_it_is_a_part_of_configs_around_another(thumos13, stored, logged_warnings):
    settings = {"type": "AnnotatedVideos", "pipeline": PIPELINE, **thumos13.options()}
    built = DATASETS.build({"type": "StoredFeatures", "dataset": settings, "folder": str(stored[1].folder)})
    assert len(built) == 3
    logged_warnings.clear()


def test_a_draw_depends_on_its_number_and_the_videos_name_alone(training):
    dataset = training
    every = [(index, draw) for index in range(3) for draw in range(4)]

    def drawn(chosen):
        samples = (data["data_samples"] for data in VideoDraws(dataset, chosen))
        return {
            key: (*sample.frame_indices, *sample.tubes.flatten().tolist())
            for key, sample in zip(chosen, samples, strict=True)
        }

    first = drawn(every)
    np.random.seed(7)
    random.seed(7)
    assert drawn(every[::-1]) == first
    assert drawn(every[5:6]) == {every[5]: first[every[5]]}
    assert len(set(first.values())) == len(every)


def test_drawing_leaves_all_generators_as_they_were(training):
    draws = VideoDraws(training, [(0, 0)])

    def next_numbers():
        np.random.seed(3)
        random.seed(3)
        torch.manual_seed(3)
        draws[0]
        return np.random.random(), random.random(), torch.rand(1).item()

    with_draw = next_numbers()
    draws = [None]
    assert next_numbers() == with_draw


@pytest.mark.parametrize("true_tubes", [False, True])
def test_the_pipeline_sees_true_tubes_only_where_the_dataset_says_so(thumos13, logged_warnings, true_tubes):
    steps = [*PIPELINE[:-1], {"type": "LabelTubes"}, PIPELINE[-1]]
    dataset = thumos13.build(pipeline=steps, test_mode=True, true_tubes=true_tubes)
    logged_warnings.clear()
    draws = VideoDraws(dataset, [(0, 0)])
    if true_tubes:
        assert draws[0]["data_samples"].tube_labels.shape == (2,)
    else:
        with pytest.raises(InputError, match="give the dataset true_tubes=True"):
            draws[0]
