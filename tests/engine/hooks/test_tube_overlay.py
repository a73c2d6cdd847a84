from types import SimpleNamespace

import cv2
import numpy as np
import pytest
import torch
from mmengine.dataset import BaseDataset, ConcatDataset

from actorsup.errors import InputError
from actorsup.registry import HOOKS
from actorsup.structures import Tube, VideoSample
from tests.conftest import moving_square, write_video


class Videos(BaseDataset):
    """What the hook asks of a dataset."""

    METAINFO = {"classes": ("walk", "kick")}  # noqa: RUF012
    reader = None

    def __init__(self, *paths):
        self.paths = paths
        super().__init__()

    def load_data_list(self) -> list[dict]:
        return [{"path": path} for path in self.paths]

    def videos(self):
        return [(path.stem, path) for path in self.paths]


def draw(folder, dataset, samples, **options) -> None:
    hook = HOOKS.build({"type": "TubeOverlayHook", "folder": str(folder), **options})
    runner = SimpleNamespace(test_dataloader=SimpleNamespace(dataset=dataset))
    hook.before_test(runner)
    hook.after_test_iter(runner, 0, None, samples)


def sample(video: str, tubes: tuple[Tube, ...] = ()) -> VideoSample:
    return VideoSample(
        video=video,
        frame_indices=np.arange(4),
        tubes=torch.zeros(len(tubes), 4, 4),
        frame_mask=torch.ones(len(tubes), 4, dtype=torch.bool),
        proposals=tubes,
        tube_scores=np.log(np.full((len(tubes), 2), 0.5)),
        video_scores=np.array([0.5, 0.5]),
    )


@pytest.fixture
def clips(tmp_path):
    return [write_video(tmp_path / f"{name}.avi", moving_square(4)) for name in ("one", "two")]


def test_videos_of_several_datasets_are_drawn(tmp_path, clips):
    videos = ConcatDataset([Videos(clips[0]), Videos(clips[1])])
    draw(tmp_path / "pictures", videos, [sample("one"), sample("two")])
    assert sorted(path.name for path in (tmp_path / "pictures").iterdir()) == ["one.png", "two.png"]


def test_a_video_without_tubes_bears_no_classs_name(tmp_path, clips):
    tube = Tube(0, [[0, 0, 1, 1]] * 4, [1] * 4, 1, 0)
    draw(tmp_path, Videos(*clips), [sample("one"), sample("two", (tube,))], num_tubes=0)
    without, with_class = (cv2.imread(str(tmp_path / f"{name}.png")) for name in ("one", "two"))
    assert (without != with_class).any()  # of the same frames, with another title


def test_a_video_that_no_dataset_has_is_refused(tmp_path, clips):
    videos = ConcatDataset([Videos(clips[0]), Videos(clips[1])])
    with pytest.raises(InputError, match="videos has nobody, which is not among the 2 videos"):
        draw(tmp_path, videos, [], videos=["nobody"])
