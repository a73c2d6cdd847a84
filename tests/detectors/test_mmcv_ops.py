import subprocess
import sys
from types import ModuleType

import numpy as np
import pytest
import torch

from actorsup.detectors import ActorDetector
from actorsup.detectors import mmcv_compatibility as mmcv_ops
from actorsup.errors import InputError
from actorsup.installation import find_file, shipped_folder
from actorsup.io import open_video
from tests.detectors.checkpoints import save_random_weights


@pytest.fixture
def substitute(monkeypatch):
    """mmcv's extension module as it is where mmcv was built without operators."""
    monkeypatch.setitem(sys.modules, mmcv_ops.EXTENSION, None)  # importing it raises ImportError
    assert mmcv_ops.provide_mmcv_operators()
    return sys.modules[mmcv_ops.EXTENSION]


def suppress_one_by_one(boxes: np.ndarray, scores: np.ndarray, threshold: float, offset: int) -> list[int]:
    """What mmcv documents: widths and heights, of boxes and of what two share, are ``x2 − x1 + offset``."""
    kept = []
    for index in np.argsort(-scores, kind="stable"):
        for better in kept:
            shared = np.minimum(boxes[index, 2:], boxes[better, 2:]) - np.maximum(boxes[index, :2], boxes[better, :2])
            intersection = np.clip(shared + offset, 0, None).prod()
            areas = [(boxes[each, 2:] - boxes[each, :2] + offset).prod() for each in (index, better)]
            if intersection > threshold * (sum(areas) - intersection):
                break
        else:
            kept.append(int(index))
    return kept


@pytest.mark.parametrize("offset", [0, 1])
@pytest.mark.parametrize("threshold", [0.1, 0.5, 0.7])
def test_suppression_is_that_of_mmcv(substitute, rng, offset, threshold):
    corners = rng.integers(0, 12, (60, 2))
    boxes = np.concatenate([corners, corners + rng.integers(1, 12, (60, 2))], axis=1).astype(np.float32)
    scores = rng.permutation(60).astype(np.float32) / 60
    kept = substitute.nms(torch.from_numpy(boxes), torch.from_numpy(scores), iou_threshold=threshold, offset=offset)
    assert kept.tolist() == suppress_one_by_one(boxes, scores, threshold, offset)


def test_the_offset_counts_the_last_pixel(substitute):
    boxes = torch.tensor([[0.0, 0.0, 1.0, 1.0], [0.0, 0.0, 1.0, 2.0]])  # IoU 1/2, with the last pixels 4/6
    scores = torch.tensor([0.9, 0.8])
    assert substitute.nms(boxes, scores, 0.6, 0).tolist() == [0, 1]
    assert substitute.nms(boxes, scores, 0.6, 1).tolist() == [0]


def test_without_boxes_none_is_kept(substitute):
    assert substitute.nms(torch.zeros(0, 4), torch.zeros(0), 0.5, 0).tolist() == []


@pytest.mark.skipif(not torch.cuda.is_available(), reason="no GPU")
def test_suppression_is_the_same_on_a_gpu(substitute):
    boxes = torch.rand(500, 4).cumsum(dim=1) * 40
    scores = torch.rand(500)
    on_gpu = substitute.nms(boxes.cuda(), scores.cuda(), 0.5, 0)
    assert on_gpu.is_cuda
    assert on_gpu.tolist() == substitute.nms(boxes, scores, 0.5, 0).tolist()


def test_every_other_operator_says_how_to_build_it(substitute):
    with pytest.raises(InputError, match=r"operator carafe_forward.*WITH_MMCV_OPS=1.*pip install .*onedl-mmcv"):
        substitute.carafe_forward(1, two=2)
    with pytest.raises(AttributeError, match="__wrapped__"):
        _ = substitute.__wrapped__


def test_operators_that_mmcv_has_are_left_alone(monkeypatch):
    compiled = ModuleType(mmcv_ops.EXTENSION)
    monkeypatch.setitem(sys.modules, mmcv_ops.EXTENSION, compiled)
    assert not mmcv_ops.provide_mmcv_operators()
    assert sys.modules[mmcv_ops.EXTENSION] is compiled


def test_a_substitute_is_made_once(substitute):
    assert mmcv_ops.provide_mmcv_operators()
    assert sys.modules[mmcv_ops.EXTENSION] is substitute


WITHOUT_OPERATORS = """
import sys
from importlib.abc import MetaPathFinder

class NoOperators(MetaPathFinder):
    def find_spec(self, name, path, target=None):
        if name == "mmcv._ext":
            raise ModuleNotFoundError(name)

sys.meta_path.insert(0, NoOperators())
import warnings
with warnings.catch_warnings():
    warnings.filterwarnings("error", message=".*mmcv.*")
    import actorsup.detectors
assert "mmcv._ext" not in sys.modules, "an import did it"
from actorsup.errors import InputError
config, checkpoint = sys.argv[1:]
try:
    actorsup.detectors.ActorDetector(config, checkpoint, device="cpu")
except InputError as error:
    sys.exit(str(error))
"""


@pytest.mark.slow
def test_a_model_that_needs_another_operator_is_refused_when_it_is_built(tmp_path):
    config = tmp_path / "carafe.py"
    config.write_text(
        """
_base_ = "mmdet::carafe/faster-rcnn_r50_fpn-carafe_1x_coco.py"
model = dict(backbone=dict(depth=18, init_cfg=None), neck=dict(in_channels=[64, 128, 256, 512]))
"""
    )
    checkpoint = save_random_weights(str(config), tmp_path / "random.pth")
    command = [sys.executable, "-W", "ignore", "-c", WITHOUT_OPERATORS, str(config), str(checkpoint)]
    output = subprocess.run(command, capture_output=True, text=True, check=False)
    assert output.returncode == 1
    assert "operator carafe_forward" in output.stderr


def test_equal_scores_keep_mmcv_s_order(substitute):
    """mmcv sorts by score, not stably; torchvision alone would keep the order of the input."""
    corners = torch.arange(100.0)[:, None] * torch.tensor([[10.0, 0, 10, 0]])
    boxes, scores = corners + torch.tensor([0.0, 0, 5, 5]), torch.zeros(100)
    assert substitute.nms(boxes, scores, 0.5, 0).tolist() == scores.argsort(descending=True).tolist()


@pytest.mark.parametrize(
    ("config", "checkpoint", "counts", "sum_of_boxes", "sum_of_scores"),
    [
        (
            "mmdet::yolox/yolox_nano_8xb8-300e_coco.py",
            "{data_root}/weights/yolox_nano_coco_mmdet.pth",
            [20, 17, 17, 23, 19, 16, 18, 14],
            85979.49,
            34.716,
        ),
        (
            str(shipped_folder("configs") / "detectors/ssd_shufflenet_puppets.py"),
            str(find_file("actorsup/detectors/checkpoints/ssd_shufflenet_puppets.pth")),
            [21, 18, 18, 20, 27, 16, 20, 20],
            100323.33,
            26.755,
        ),
    ],
)
def test_a_real_clip_has_the_boxes_that_mmcv_s_operators_find(
    data_root, config, checkpoint, counts, sum_of_boxes, sum_of_scores
):
    """The numbers were measured with mmcv 2.3.6 and its operators."""
    actors = ("person", "dog") if "puppets" in config else ("person",)
    detector = ActorDetector(
        config, checkpoint.format(data_root=data_root), actors, score_threshold=0.02, batch_size=4, device="cpu"
    )
    video = open_video(data_root / "thumos13/clips/SalsaSpin/v_SalsaSpin_g03_c01.mp4")
    found = list(detector.detect(video.frames_at(np.arange(0, 160, 20))))
    assert [len(each) for each in found] == counts
    assert sum(float(each.boxes.sum()) for each in found) == pytest.approx(sum_of_boxes, abs=0.5)
    assert sum(float(each.scores.sum()) for each in found) == pytest.approx(sum_of_scores, abs=0.01)
