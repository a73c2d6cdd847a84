"""The paper's detector: built as its config says, trained by the tool on a small COCO, and used for actors."""

import json

import cv2
import numpy as np
import pytest
import torch
from mmdet.datasets import CocoDataset
from mmengine.config import Config
from mmengine.registry import DefaultScope

from actorsup.detectors import ActorDetector
from tests.toy import REPOSITORY, run_tool

CONFIG = REPOSITORY / "configs/detectors/ssd300_inceptionv2_coco.py"
# COCO's 80 categories have the numbers 1 to 90 without these.
UNUSED_NUMBERS = {12, 26, 29, 30, 45, 66, 68, 69, 71, 83}
# The same network on images of 128 pixels, from random weights, for 40 steps.
SMALL = [
    "model.backbone.weights=None",
    "model.bbox_head.anchor_generator.strides=[16,32,64,128,128,128]",
    "model.bbox_head.anchor_generator.min_sizes=[20,40,60,80,100,110]",
    "model.bbox_head.anchor_generator.max_sizes=[40,60,80,100,110,128]",
    "train_dataloader.dataset.dataset.pipeline.4.scale=(128,128)",
    "val_dataloader.dataset.pipeline.1.scale=(128,128)",
    "test_dataloader.dataset.pipeline.1.scale=(128,128)",
    "train_dataloader.num_workers=0",
    "val_dataloader.num_workers=0",
    "train_dataloader.dataset.dataset.pipeline.2.prob=0.0",
    "train_dataloader.batch_size=4",
    "optim_wrapper.optimizer.lr=0.003",
    "train_cfg.max_epochs=4",
    "train_cfg.val_interval=4",
    "randomness.seed=0",
    "param_scheduler.0.end=5",
    "default_hooks.logger.interval=5",
]


def image_with_person(rng: np.random.Generator) -> tuple[np.ndarray, list[int]]:
    """A BGR image of a red block over a dark ground, and the block's box ``x, y, w, h``."""
    left, top = int(rng.integers(4, 80)), int(rng.integers(4, 30))
    image = np.full((96, 128, 3), 40, np.uint8)
    image[top : top + 60, left : left + 40] = (60, 60, 230)
    return image, [left, top, 40, 60]


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """A folder with a COCO of red blocks, called persons, in which the detector was trained; and what that printed."""
    root = tmp_path_factory.mktemp("coco")
    coco = root / "data" / "coco"
    numbers = [number for number in range(1, 91) if number not in UNUSED_NUMBERS]
    names = CocoDataset.METAINFO["classes"]
    categories = [{"id": number, "name": name} for number, name in zip(numbers, names, strict=True)]
    rng = np.random.default_rng(0)
    (coco / "annotations").mkdir(parents=True)
    for split, num_images in [("train2017", 8), ("val2017", 2)]:
        (coco / split).mkdir()
        images, annotations = [], []
        for index in range(1, num_images + 1):
            image, box = image_with_person(rng)
            cv2.imwrite(str(coco / split / f"{index:012d}.jpg"), image)
            images.append({"id": index, "file_name": f"{index:012d}.jpg", "width": 128, "height": 96})
            annotation = {"id": index, "image_id": index, "category_id": 1, "bbox": box, "area": 2400, "iscrowd": 0}
            annotations.append(annotation)
        content = {"images": images, "annotations": annotations, "categories": categories}
        (coco / "annotations" / f"instances_{split}.json").write_text(json.dumps(content))
    return root, run_tool("train", CONFIG, "--cfg-options", *SMALL, root=root)


@pytest.mark.slow
def test_the_tool_trains_and_validates_it(trained):
    root, output = trained
    assert output.returncode == 0, output.stderr[-3000:]
    lines = next((root / "work_dirs" / CONFIG.stem).glob("*/vis_data/scalars.json")).read_text().splitlines()
    losses = [entry["loss"] for entry in map(json.loads, lines) if "loss" in entry]
    assert len(losses) == 8
    # A head that starts at zero spends ln(81) on the class of every positive and of its three hardest negatives.
    assert losses[0] == pytest.approx(4 * np.log(81), rel=0.25)
    assert losses[-1] < 0.93 * losses[0]
    assert "Epoch(val) [4][1/1]" in output.stdout + output.stderr


@pytest.mark.slow
def test_its_checkpoint_detects_actors(trained, monkeypatch):
    work_dir = trained[0] / "work_dirs" / CONFIG.stem
    checkpoint = work_dir / "epoch_4.pth"
    # What the tool wrote beside it is the whole config, with its options.
    detector = ActorDetector(str(work_dir / CONFIG.name), str(checkpoint), ["dog", "person"], device="cpu")
    weights = torch.load(checkpoint, weights_only=False)["state_dict"]
    with monkeypatch.context() as patch:  # before norms become parts of convolutions
        patch.setattr("actorsup.detectors.actor_detector._fuse", lambda model: None)
        plain = ActorDetector(str(work_dir / CONFIG.name), str(checkpoint), ["dog", "person"], device="cpu")
    assert all(torch.equal(tensor, weights[name]) for name, tensor in plain.model.state_dict().items())
    image, _ = image_with_person(np.random.default_rng(1))
    (found,) = detector.detect([image[..., ::-1]])
    assert len(found) > 0
    assert found.labels[0] == 1
    assert (found.scores >= 0.05).all()
    assert (found.boxes >= 0).all()
    assert (found.boxes <= [128, 96, 128, 96]).all()


def test_missing_data_is_one_message_and_nothing_is_written(tmp_path):
    output = run_tool("train", CONFIG, root=tmp_path)
    assert output.returncode == 2
    for part in ("no data/coco/annotations/instances_train2017.json", "no data/coco/train2017", "data_root"):
        assert part in output.stderr
    assert "Traceback" not in output.stderr
    assert list(tmp_path.iterdir()) == []


def test_extra_layers_and_anchors_cover_the_image():
    from mmdet.registry import MODELS
    from mmdet.utils import register_all_modules

    register_all_modules(init_default_scope=False)
    with DefaultScope.overwrite_default_scope("mmdet"):
        model = MODELS.build(Config.fromfile(CONFIG).model).eval()
    with torch.no_grad():
        maps = model.extract_feat(torch.zeros(1, 3, 300, 300))
    # TensorFlow's SSD on InceptionV2: Mixed_4c, Mixed_5c and four extra layers.
    assert [tuple(level.shape[1:]) for level in maps] == [
        (576, 19, 19),
        (1024, 10, 10),
        (512, 5, 5),
        (256, 3, 3),
        (256, 2, 2),
        (128, 1, 1),
    ]
    assert model.bbox_head.num_classes == 80
    anchors = model.bbox_head.prior_generator.grid_priors([level.shape[2:] for level in maps], device="cpu")
    for level, anchor in zip(maps, anchors, strict=True):
        centers = (anchor[:, :2] + anchor[:, 2:]) / 2
        cell = 300 / level.shape[2]
        # mmdet's anchors are a pixel short; 19 cells of 16 pixels are 304.
        torch.testing.assert_close(centers.amin(dim=0), torch.full((2,), cell / 2), atol=1, rtol=0)
        torch.testing.assert_close(centers.amax(dim=0), torch.full((2,), 300 - cell / 2), atol=4, rtol=0)
