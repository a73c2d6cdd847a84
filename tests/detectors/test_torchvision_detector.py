"""Torchvision's detectors with random weights, against the model itself."""

import numpy as np
import pytest
import torch
from torchvision.models import detection, get_model
from torchvision.ops import clip_boxes_to_image

from actorsup.detectors import TorchvisionDetector
from actorsup.errors import InputError
from actorsup.registry import DETECTORS

SSDLITE = "ssdlite320_mobilenet_v3_large"
COCO = detection.SSDLite320_MobileNet_V3_Large_Weights.COCO_V1.meta["categories"]


def frames(count: int) -> np.ndarray:
    return np.random.default_rng(0).integers(0, 255, (count, 90, 160, 3), dtype=np.uint8)


def random_model(name: str, num_classes: int) -> torch.nn.Module:
    torch.manual_seed(0)
    return get_model(name, weights=None, weights_backbone=None, num_classes=num_classes).eval()


@pytest.fixture(scope="module")
def ssdlite(tmp_path_factory):
    """A random SSDLite of COCO's labels that sees persons and dogs everywhere, and its file."""
    model = random_model(SSDLITE, len(COCO))
    with torch.no_grad():
        for level in model.head.classification_head.module_list:
            level[-1].bias.view(-1, len(COCO))[:, [COCO.index("person"), COCO.index("dog")]] = torch.tensor([1.0, 2.0])
    path = tmp_path_factory.mktemp("weights") / "ssdlite.pth"
    torch.save(model.state_dict(), path)
    return model, str(path)


def test_detections_are_the_models_own_by_name(ssdlite):
    model, path = ssdlite
    detector = DETECTORS.build(
        {
            "type": "TorchvisionDetector",
            "name": SSDLITE,
            "weights": path,
            "actors": ["dog", "person"],
            "score_threshold": 0.02,
            "max_per_frame": None,
            "batch_size": 2,
            "device": "cpu",
        }
    )
    video = frames(3)
    found = list(detector.detect(iter(video)))
    model.score_thresh = 0.02
    with torch.no_grad():
        own = [model([torch.from_numpy(frame).permute(2, 0, 1) / 255])[0] for frame in video]
    assert len(found) == 3
    assert sum(map(len, found)) > 0
    for detections, expected in zip(found, own, strict=True):
        labels = expected["labels"].tolist()
        kept = [index for index, label in enumerate(labels) if COCO[label] in ("dog", "person")]
        boxes = clip_boxes_to_image(expected["boxes"], (90, 160))
        kept = [index for index in kept if (boxes[index, 2:] > boxes[index, :2]).all()]
        assert [("dog", "person")[label] for label in detections.labels] == [COCO[labels[index]] for index in kept]
        np.testing.assert_allclose(detections.boxes, boxes[kept], atol=1e-3)
        np.testing.assert_allclose(detections.scores, expected["scores"][kept], atol=1e-6)


def test_a_threshold_below_the_models_own_finds_more(ssdlite):
    """Persons have e^1 / (e^1 + e^2 + 89) ≈ .027 here."""
    counts = []
    for threshold in (0.0, 0.2):
        detector = TorchvisionDetector(SSDLITE, ssdlite[1], score_threshold=threshold, max_per_frame=None, device="cpu")
        (found,) = detector.detect(frames(1))
        assert (found.scores >= threshold).all()
        counts.append(len(found))
    assert counts[0] > counts[1]


def test_categories_of_ones_own_and_the_number_a_frame(tmp_path):
    path = tmp_path / "own.pth"
    torch.save({"state_dict": random_model(SSDLITE, 3).state_dict(), "meta": {}}, path)
    names = ["background", "goalkeeper", "forklift"]
    detector = TorchvisionDetector(
        SSDLITE, str(path), names, actors=["forklift"], score_threshold=0.0, max_per_frame=4, device="cpu"
    )
    (found,) = detector.detect(frames(1))
    assert len(found) == 4
    assert set(found.labels) == {0}
    assert (np.diff(found.scores) <= 0).all()


def test_published_weights_give_what_torchvision_gives_for_them(tmp_path, monkeypatch):
    """Of the first RetinaNet torchvision takes the epsilon out of batch normalization, which changes scores."""
    published = detection.RetinaNet_ResNet50_FPN_Weights.COCO_V1
    model = random_model("retinanet_resnet50_fpn", 91)
    for module in model.modules():
        if isinstance(module, torch.nn.BatchNorm2d):
            module.running_var.fill_(1e-4)  # so that it shows
    state = {name: tensor for name, tensor in model.state_dict().items() if not name.endswith("num_batches_tracked")}
    monkeypatch.setattr("torch.hub.load_state_dict_from_url", lambda url, **options: state)
    monkeypatch.setattr("torchvision.models._api.load_state_dict_from_url", lambda url, **options: state)
    path = tmp_path / published.url.rpartition("/")[2]
    torch.save(state, path)
    reference, maps = get_model("retinanet_resnet50_fpn", weights=published).eval(), torch.rand(1, 64, 4, 4)
    with torch.no_grad():
        theirs = reference.backbone.body.bn1(maps)
        assert (model.backbone.body.bn1(maps) - theirs).abs().max() > 1e-2 * theirs.abs().max()
        for weights in (str(path), "COCO_V1"):
            ours = TorchvisionDetector("retinanet_resnet50_fpn", weights, device="cpu").model.backbone.body.bn1(maps)
            torch.testing.assert_close(ours, theirs)


def test_the_first_stage_keeps_its_own_threshold(tmp_path):
    name = "fasterrcnn_mobilenet_v3_large_320_fpn"
    model = random_model(name, 91)
    torch.save(model.state_dict(), tmp_path / "two_stages.pth")
    detector = TorchvisionDetector(name, str(tmp_path / "two_stages.pth"), score_threshold=0.3, device="cpu")
    assert detector.model.roi_heads.score_thresh == 0.3
    assert detector.model.rpn.score_thresh == model.rpn.score_thresh
    assert len(next(detector.detect(frames(1)))) == 0


def test_what_is_wrong_is_named(ssdlite, tmp_path):
    torch.save({"nothing": torch.zeros(1)}, tmp_path / "other.pth")
    for arguments, message in [
        (("yolo", ssdlite[1]), r"no detection model 'yolo'; it has .*fcos_resnet50_fpn"),
        ((SSDLITE, str(tmp_path / "absent.pth")), r"absent\.pth of ssdlite.*no such file"),
        ((SSDLITE, "COCO_V9"), "COCO_V9 of ssdlite.*no such file"),
        ((SSDLITE, str(tmp_path / "other.pth")), "does not fit ssdlite"),
        ((SSDLITE, ssdlite[1], ["nobody", "person"]), "does not fit ssdlite"),
        ((SSDLITE, ssdlite[1], None, ["unicorn"]), "'unicorn' is no category of the detector, which knows: __back"),
    ]:
        with pytest.raises(InputError, match=message):
            TorchvisionDetector(*arguments, device="cpu")
