import subprocess
import sys
from itertools import chain

import numpy as np
import pytest
import torch

from actorsup.detectors import ActorDetector
from actorsup.detectors.actor_detector import COCO, _build_pipeline, _fuse, _read_config
from actorsup.errors import InputError
from actorsup.io import open_video
from actorsup.structures import pairwise_iou
from tests.detectors.checkpoints import save_random_weights
from tests.toy import REPOSITORY

BatchNorm = torch.nn.modules.batchnorm._BatchNorm
YOLOX_NANO = "mmdet::yolox/yolox_nano_8xb8-300e_coco.py"


@pytest.fixture(scope="module")
def random_weights(tmp_path_factory):
    """YOLOX-nano with random weights, as a checkpoint file: confident about nothing, so that thresholds matter."""
    return save_random_weights(YOLOX_NANO, tmp_path_factory.mktemp("weights") / "random.pth", confident=True)


def frames(count: int) -> np.ndarray:
    return np.random.default_rng(0).integers(0, 255, (count, 120, 160, 3), dtype=np.uint8)


def test_batches_change_nothing_and_frames_stream(random_weights):
    settings = {"score_threshold": 0.0, "max_per_frame": 5, "actors": ["person", "dog"], "device": "cpu"}
    video = frames(5)
    single = ActorDetector(YOLOX_NANO, str(random_weights), batch_size=1, **settings).detect(video)
    batched = ActorDetector(YOLOX_NANO, str(random_weights), batch_size=3, **settings).detect(iter(video))
    results = list(zip(single, batched, strict=True))
    assert len(results) == 5
    assert any(len(one) for one, _ in results)
    for one, many in results:
        np.testing.assert_allclose(one.boxes, many.boxes, atol=1e-3)
        np.testing.assert_array_equal(one.labels, many.labels)
        assert set(one.labels) <= {0, 1}


@pytest.mark.parametrize(
    "config",
    [
        YOLOX_NANO,
        "mmdet::rtmdet/rtmdet_tiny_8xb32-300e_coco.py",
        "mmdet::ssd/ssdlite_mobilenetv2-scratch_8xb24-600e_coco.py",
    ],
)
def test_a_model_that_runs_for_inference_alone_gives_what_it_gave(config):
    from mmdet.registry import MODELS
    from mmengine.model import revert_sync_batchnorm
    from mmengine.registry import DefaultScope

    settings = _read_config(config).model
    settings.backbone.init_cfg = None
    with DefaultScope.overwrite_default_scope("mmdet"):
        model = revert_sync_batchnorm(MODELS.build(settings)).eval()
    for module in model.modules():
        if isinstance(module, BatchNorm):
            torch.nn.init.uniform_(module.running_mean)
            torch.nn.init.uniform_(module.running_var, 0.5, 2)
    image = torch.rand(1, 3, 320, 320)
    num_norms = sum(isinstance(module, BatchNorm) for module in model.modules())
    with torch.inference_mode():
        expected = model(image)
        _fuse(model)
        found = model(image)
    assert sum(isinstance(module, BatchNorm) for module in model.modules()) < num_norms / 10
    for ours, theirs in zip(chain(*found), chain(*expected), strict=True):
        torch.testing.assert_close(ours, theirs, rtol=1e-3, atol=1e-3 * theirs.abs().max().item())


def test_threshold_and_number_a_frame_are_respected(random_weights):
    for settings in ({"score_threshold": 0.0, "max_per_frame": 3}, {"score_threshold": 1.0}):
        detector = ActorDetector(YOLOX_NANO, str(random_weights), device="cpu", **settings)
        (found,) = detector.detect(frames(1))
        assert len(found) <= settings.get("max_per_frame", 0)
        assert (np.diff(found.scores) <= 0).all()
        assert (found.boxes >= 0).all()
        assert (found.boxes <= [160, 120, 160, 120]).all()


def test_wrong_files_and_actors_are_named(random_weights, tmp_path):
    other = tmp_path / "other.pth"
    torch.save({"state_dict": {"nothing": torch.zeros(1)}}, other)
    for arguments, message in [
        (("mmdet::yolox/absent.py", str(random_weights)), r"absent\.py: no such file"),
        ((YOLOX_NANO, str(tmp_path / "absent.pth")), r"absent\.pth of mmdet::yolox.*: no such file"),
        ((YOLOX_NANO, str(other)), r"other\.pth does not fit mmdet::yolox"),
        ((YOLOX_NANO, str(random_weights), ["unicorn"]), "'unicorn' is no category"),
    ]:
        with pytest.raises(InputError, match=message):
            ActorDetector(*arguments, device="cpu")


def test_people_of_a_real_clip_are_found_where_they_are(data_root):
    from actorsup.datasets.formats import THUMOS13

    weights = data_root / "weights" / "yolox_nano_coco_mmdet.pth"
    detector = ActorDetector(YOLOX_NANO, str(weights), device="cpu")
    annotations = THUMOS13(data_root=data_root / "thumos13").annotated()
    for name, recall in [("SalsaSpin/v_SalsaSpin_g03_c01", 0.9), ("Fencing/v_Fencing_g01_c06", 0.75)]:
        indices = np.arange(0, 160, 20)
        video = open_video(data_root / "thumos13" / "clips" / f"{name}.mp4").frames_at(indices)
        truth = annotations[name].tubes_at((video.shape[2], video.shape[1]))
        hits = [
            pairwise_iou(tube.boxes_at([index]), found.boxes).max(initial=0) >= 0.5
            for index, found in zip(indices, detector.detect(video), strict=True)
            for tube in truth
            if tube.covers([index])[0]
        ]
        assert np.mean(hits) >= recall


@pytest.mark.parametrize(
    "config",
    [
        YOLOX_NANO,
        "mmdet::rtmdet/rtmdet_tiny_8xb32-300e_coco.py",
        "mmdet::ssd/ssd300_coco.py",
        "mmdet::faster_rcnn/faster-rcnn_r50_fpn_1x_coco.py",
        "mmdet::detr/detr_r50_8xb2-150e_coco.py",
        "mmdet::grounding_dino/grounding_dino_swin-t_pretrain_obj365_goldg_cap4m.py",  # of steps that mmcv has not
        str(REPOSITORY / "configs/detectors/yolox_nano_640.py"),  # based on one of mmdet's, whose scope its steps have
    ],
)
@pytest.mark.parametrize("shape", [(120, 160, 3), (301, 97, 3)])
def test_images_are_prepared_as_by_mmdet(config, shape):
    from mmdet.datasets import transforms  # noqa: F401
    from mmdet.utils import get_test_pipeline_cfg
    from mmengine.dataset import Compose
    from mmengine.registry import DefaultScope

    settings = _read_config(config)
    image = np.random.default_rng(0).integers(0, 255, shape, dtype=np.uint8)
    with DefaultScope.overwrite_default_scope("mmdet"):
        ours = _build_pipeline(settings)({"img": image, "img_id": 0})
        of_mmdet = Compose([{"type": "LoadImageFromNDArray"}, *get_test_pipeline_cfg(settings)[1:]])
        expected = of_mmdet({"img": image, "img_id": 0})
    np.testing.assert_array_equal(ours["inputs"], expected["inputs"])
    assert ours["inputs"].dtype == expected["inputs"].dtype
    assert ours["data_samples"].metainfo == expected["data_samples"].metainfo


def test_detecting_imports_nothing_that_only_training_needs(random_weights):
    program = f"""
import sys
import numpy as np
import actorsup.engine
assert "matplotlib" not in sys.modules
from actorsup.detectors import ActorDetector
detector = ActorDetector({YOLOX_NANO!r}, {str(random_weights)!r}, device="cpu")
list(detector.detect([np.zeros((64, 64, 3), np.uint8)]))
slow = {{"imgaug", "mmdet.datasets", "mmdet.evaluation"}}
assert not slow & sys.modules.keys(), slow & sys.modules.keys()
"""
    subprocess.run([sys.executable, "-W", "ignore", "-c", program], check=True)


def test_coco_has_the_names_that_mmdet_gives_its_dataset():
    from mmdet.datasets import CocoDataset

    assert CocoDataset.METAINFO["classes"] == COCO
