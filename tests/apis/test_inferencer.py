"""The whole method on scenes of the toy project, with random weights."""

import sys
import weakref
from itertools import count, islice

import numpy as np
import pytest
import torch

from actorsup.apis import ActionInferencer
from actorsup.engine import load_config
from actorsup.engine.config import dataset_configs
from actorsup.errors import InputError
from actorsup.io import Fingerprint, Proposals, TubeStore, open_video
from actorsup.registry import DATASETS, DETECTORS, MODELS
from actorsup.structures import Tube
from tests.conftest import moving_square, write_video
from tests.toy import make_toy, untrained_checkpoint

VITERBI = {"proposals.linker": "viterbi"}


@pytest.fixture(scope="module")
def toy(tmp_path_factory):
    """Folder, config and checkpoint of the toy project."""
    root = tmp_path_factory.mktemp("toy")
    config = make_toy(root)
    sys.path.insert(0, str(root))
    yield root, config, untrained_checkpoint(load_config(config), root / "untrained.pth")
    sys.path.remove(str(root))


@pytest.fixture(scope="module")
def config(toy):
    return load_config(toy[1], options=VITERBI)


def localizer(toy, config, **options) -> ActionInferencer:
    return ActionInferencer(config, toy[2], device="cpu", **options)


def test_a_video_in_one_window_is_scored_as_the_dataset_scores_it(toy, config):
    root = toy[0]
    found = localizer(toy, config, classes_per_tube=None)(root / "videos" / "Biking" / "v_Biking_g01_c01.avi")
    store = TubeStore(root / "oracle", Fingerprint.of(oracle=1))
    store.create()
    left = 4 + 2 * np.arange(12)
    tubes = {each.track: each.tube for each in found.tubes}
    np.testing.assert_allclose(tubes[0].boxes[:, 0], left, atol=1)
    settings = next(dataset_configs(config, ["test_dataloader"]))
    names = ["Basketball/v_Basketball_g01_c01", "Biking/v_Biking_g01_c01"]
    for name in names:
        store.save(name, Proposals(tuple(tubes.values()), 12, (96, 64)))
    dataset = DATASETS.build({**settings, "tube_store": str(store.folder)})
    sample = dataset[[name for name, _ in dataset.videos()].index(names[1])]
    model = MODELS.build(config.model)
    model.load_state_dict(torch.load(toy[2])["state_dict"])
    with torch.no_grad():
        (scored,) = model.eval().test_step({key: [value] for key, value in sample.items()})
    expected = dict(enumerate(np.exp(scored.tube_scores[0])))
    assert {each.tube.label: each.score for each in found.tubes if each.track == 0} == pytest.approx(expected)
    assert [each.rank for each in found.tubes] == list(range(1, len(found.tubes) + 1))
    assert [each.score for each in found.tubes] == sorted((each.score for each in found.tubes), reverse=True)
    assert {each.actor for each in found.tubes} == {"square"}


def test_windows_are_joined_to_what_one_pass_gives(toy, config):
    frames = moving_square(40)
    once = localizer(toy, config)(frames)
    joined = localizer(toy, config, window=16, overlap=5)(frames)
    assert len(once.tubes) == len(joined.tubes) == 1
    np.testing.assert_array_equal(once.tubes[0].tube.boxes, joined.tubes[0].tube.boxes)
    assert (joined.tubes[0].tube.start, joined.tubes[0].tube.end, joined.num_frames) == (0, 40, 40)
    assert joined.tubes[0].action == once.tubes[0].action


def test_windows_of_algorithm_1_are_joined_too(toy):
    frames = moving_square(24)
    config = load_config(toy[1])
    once = localizer(toy, config)(frames)
    joined = localizer(toy, config, window=12, overlap=4)(frames)
    (expected,), (whole,) = ([each.tube for each in found.tubes if each.track == 0] for found in (once, joined))
    assert len(whole) == len(expected) == 24
    assert np.abs(whole.boxes - expected.boxes).max() < 3  # a tracker that begins anew is a pixel or two off


def test_paths_arrays_lists_of_frames_and_iterators_are_one_video(toy, config, tmp_path):
    frames = moving_square(20)
    path = write_video(tmp_path / "clip.avi", frames)
    decoded = open_video(path).read_all()
    find = localizer(toy, config, window=8, overlap=2)
    results = [find(path), *(find(each, name="clip") for each in (decoded, list(decoded), iter(decoded)))]
    assert all(each.as_dict() == results[0].as_dict() for each in results)
    assert results[0].video == "clip"


def test_several_videos_give_a_list(toy, config, tmp_path):
    path = write_video(tmp_path / "first.avi", moving_square(6))
    results = localizer(toy, config)([path, moving_square(8)])
    assert [(each.video, each.num_frames) for each in results] == [("first", 6), ("video1", 8)]
    with pytest.raises(InputError, match="name='x' is for one video, got 2"):
        localizer(toy, config)([path, path], name="x")


def test_a_stream_gives_every_frame_once_and_pieces_of_one_track(toy, config):
    frames = moving_square(40)
    find = localizer(toy, config, window=16, overlap=4)
    stretches = list(find.stream(iter(frames), name="camera"))
    assert [(each.start, each.num_frames) for each in stretches] == [(0, 12), (12, 12), (24, 16)]
    pieces = [each for stretch in stretches for each in stretch.tubes]
    assert {each.track for each in pieces} == {0}
    whole = find(frames).tubes[0]
    np.testing.assert_array_equal(np.concatenate([each.tube.boxes for each in pieces]), whole.tube.boxes)
    assert pieces[-1].score == whole.score


def test_an_endless_camera_holds_a_bounded_number_of_frames(toy, config):
    scene = moving_square(36)
    references = []
    most = 0

    def camera():
        nonlocal most
        for index in count():
            frame = scene[index % 36].copy()
            references.append(weakref.ref(frame))
            most = max(most, sum(reference() is not None for reference in references))
            yield frame
            del frame

    find = localizer(toy, config, window=12, overlap=4)
    stretches = list(islice(find.stream(camera()), 30))
    assert sum(each.num_frames for each in stretches) == 240
    assert len(references) > 240
    assert most <= 12 + 4  # a window, and what is on its way between camera and detector


def test_nothing_is_found_where_nothing_is_detected(toy, config):
    dark = np.full((10, 64, 96, 3), 30, np.uint8)
    found = localizer(toy, config, window=8, overlap=2)(dark)
    assert (found.tubes, found.num_frames, found.size) == ((), 10, (96, 64))


def test_stored_proposals_are_ranked_without_detector(toy, config, tmp_path, monkeypatch):
    video = toy[0] / "videos" / "Biking" / "v_Biking_g01_c01.avi"
    store = TubeStore(tmp_path / "store", Fingerprint.of(test=1))
    store.create()
    tube = Tube(2, [[10, 10, 40, 40]] * 5, np.ones(5), 0.5, 0)
    store.save("Biking/v_Biking_g01_c01", Proposals((tube,), 12, (96, 64)))
    find = localizer(toy, config, proposals=store.folder)
    monkeypatch.setattr(DETECTORS, "build", lambda config: pytest.fail("a detector was built"))
    (found,) = find(video).tubes
    np.testing.assert_array_equal(found.tube.boxes, tube.boxes)
    assert find(video, name="Biking/v_Biking_g01_c01").tubes[0].score == found.score
    with pytest.raises(InputError, match="has no video of that name"):
        find(toy[0] / "videos" / "Biking" / "v_Biking_g08_c01.avi")
    with pytest.raises(InputError, match="stored proposals are of video files, got ndarray"):
        find(moving_square(4))
    store.save("Walking/v_Biking_g01_c01", Proposals((), 12, (96, 64)))
    assert len(find(video).tubes) == 1  # the folder tells them apart
    with pytest.raises(InputError, match="has several videos of that name"):
        find(tmp_path / "v_Biking_g01_c01.avi")


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"window": 8, "overlap": 5}, "overlap of 1 to half of a window's frames, got 5 of 8"),
        ({"overlap": 0}, "got 0 of 256"),
        ({"stitch_threshold": 0}, "0 < stitch_threshold"),
        ({"classes_per_tube": 0}, "classes_per_tube >= 1"),
        ({"proposals": "absent"}, "absent: no store of tubes"),
    ],
)
def test_options_out_of_range_are_named(toy, config, options, message):
    with pytest.raises(InputError, match=message):
        localizer(toy, config, **options)


def test_a_video_without_frames_is_named(toy, config):
    with pytest.raises(InputError, match="video: holds no frame"):
        localizer(toy, config)(iter(()))


def test_a_checkpoint_of_another_config_is_refused_with_the_difference(toy, config, tmp_path):
    with pytest.raises(InputError, match=r"absent\.pth: no such checkpoint"):
        ActionInferencer(config, "absent.pth")
    other = untrained_checkpoint(config, tmp_path / "other.pth", classes=("Diving", "Biking"))
    with pytest.raises(InputError, match="class 0 is Diving there, Basketball here"):
        ActionInferencer(config, other)
    head = {"model.head": {"type": "TopKAttentionHead", "_delete_": True, "in_channels": 128, "num_classes": 2}}
    with pytest.raises(InputError, match=r"model\.head\.type: MedianHead there, TopKAttentionHead here"):
        ActionInferencer(load_config(toy[1], options={**VITERBI, **head}), toy[2])


def test_a_head_with_another_number_of_classes_than_its_dataset_is_refused(toy, tmp_path):
    config = load_config(toy[1], options={**VITERBI, "model.head.num_classes": 3})
    checkpoint = untrained_checkpoint(config, tmp_path / "three.pth")
    with pytest.raises(InputError, match=r"head has 3 classes, its dataset 2; set model\.head\.num_classes"):
        ActionInferencer(config, checkpoint)


def test_a_config_without_test_videos_or_class_names_is_refused(toy, config, tmp_path):
    without = load_config(toy[1], options=VITERBI)
    without.test_dataloader = None
    with pytest.raises(InputError, match="has no test_dataloader"):
        ActionInferencer(without, toy[2])
    nameless = tmp_path / "nameless.pth"
    torch.save({"state_dict": torch.load(toy[2])["state_dict"]}, nameless)
    unknown = load_config(toy[1], options=VITERBI)
    for name in ("train_dataloader", "test_dataloader"):
        del unknown[name].dataset["classes"]
        unknown[name].dataset.missing_videos = "no such choice"  # a dataset that cannot say what it has
    with pytest.raises(InputError, match="neither the checkpoint nor the config's dataset names the classes"):
        ActionInferencer(unknown, nameless)
