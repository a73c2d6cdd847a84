"""Detectors that are exported here, against what the exported module gives, and layouts by values set by hand."""

import sys

import numpy as np
import onnx
import pytest
import torch
from torch import nn
from torchvision.models import detection, get_model
from torchvision.ops import nms

from actorsup.detectors import OnnxDetector
from actorsup.errors import InputError
from actorsup.registry import DETECTORS

NAMES = ["person", "dog", "ball"]


def frames(count: int, height: int = 90, width: int = 160) -> np.ndarray:
    return np.random.default_rng(0).integers(0, 255, (count, height, width, 3), dtype=np.uint8)


class Given(nn.Module):
    """Gives the same of every image, and has the image's mean in what it gives, so that it is not constant."""

    def __init__(self, *arrays):
        super().__init__()
        self.arrays = arrays

    def forward(self, images):
        return tuple(
            array[None].repeat(len(images), *[1] * array.ndim) + 0 * images.sum().to(array.dtype)
            for array in self.arrays
        )


class MeanColours(nn.Module):
    """One box over the whole input, whose scores are the mean of each channel: what the network was handed."""

    def forward(self, images):
        boxes = torch.tensor([[0.0, 0.0, 32.0, 16.0]]).expand(3, 4)[None].repeat(len(images), 1, 1)
        return boxes, images.mean(dim=(2, 3)), torch.arange(3)[None].repeat(len(images), 1)


class TinyYolo(nn.Module):
    """A random head of YOLO's: centre, size and 3 categories of each cell of a convolution at stride 8."""

    def __init__(self, with_objectness: bool, transposed: bool):
        super().__init__()
        self.transposed = transposed
        self.convolution = nn.Conv2d(3, 7 + with_objectness, 8, 8)

    def forward(self, images):
        maps = self.convolution(images).sigmoid()
        centers = torch.stack(torch.meshgrid(torch.arange(8), torch.arange(8), indexing="xy")) * 8 + 8 * maps[:, :2]
        found = torch.cat([centers, 48 * maps[:, 2:4], maps[:, 4:]], dim=1).flatten(2)  # (B, 7 or 8, 64)
        return found.transpose(1, 2) if self.transposed else found


def export(module, path, image, outputs, batch=False, **metadata):
    """The file of a module, for any number of images where ``batch``."""
    torch.manual_seed(0)
    dynamic = {name: {0: "batch"} for name in ["images", *outputs]} if batch else None
    torch.onnx.export(
        module.eval(),
        (image,),
        str(path),
        input_names=["images"],
        output_names=outputs,
        dynamic_axes=dynamic,
        dynamo=False,
    )
    if metadata:
        model = onnx.load(str(path))
        onnx.helper.set_model_props(model, metadata)
        onnx.save(model, str(path))
    return str(path)


def detector_of(path, layout, **options):
    options = {"categories": NAMES, "actors": NAMES, "score_threshold": 0.0, "device": "cpu", **options}
    return DETECTORS.build({"type": "OnnxDetector", "model": path, "layout": layout, **options})


def test_an_exported_torchvision_detector_gives_what_it_gives_itself(tmp_path):
    torch.manual_seed(0)
    names = detection.SSDLite320_MobileNet_V3_Large_Weights.COCO_V1.meta["categories"]
    model = get_model("ssdlite320_mobilenet_v3_large", weights=None, weights_backbone=None).eval()
    video = frames(3)
    images = torch.from_numpy(video).permute(0, 3, 1, 2) / 255
    with torch.no_grad():
        for module in model.modules():
            if isinstance(module, nn.BatchNorm2d):
                module.train().momentum = 1.0
        model(list(images))  # without statistics of its own the random network gives next to nothing
        model.eval()
        for level in model.head.classification_head.module_list:
            level[-1].bias.view(-1, len(names))[:, [1, 2, 3]] = torch.tensor([1.0, 2.0, 3.0])
    path = str(tmp_path / "ssdlite.onnx")
    torch.onnx.export(model, ([images[0]],), path, output_names=["boxes", "scores", "labels"], dynamo=False)
    detector = detector_of(path, "boxes", categories=names, actors=names[1:3], fit="stretch", max_per_frame=None)
    for found, image in zip(detector.detect(video), images, strict=True):
        with torch.no_grad():
            expected = model([image])[0]
        has_area = (expected["boxes"][:, 2:] > expected["boxes"][:, :2]).all(dim=1)
        chosen = (has_area & (expected["labels"] <= 2)).nonzero()[:, 0]
        assert len(found) == len(chosen) > 0
        assert (found.labels + 1).tolist() == expected["labels"][chosen].tolist()
        np.testing.assert_allclose(found.boxes, expected["boxes"][chosen], atol=1e-2)
        np.testing.assert_allclose(found.scores, expected["scores"][chosen], atol=1e-5)


@pytest.mark.parametrize("with_objectness", [False, True])
@pytest.mark.parametrize("transposed", [False, True])
def test_a_yolo_gives_what_it_gives_itself_suppressed(tmp_path, with_objectness, transposed):
    torch.manual_seed(0)
    network = TinyYolo(with_objectness, transposed)
    path = export(network, tmp_path / "yolo.onnx", torch.rand(1, 3, 64, 64), ["found"], batch=True)
    video = frames(3, 64, 64)
    settings = {"nms_threshold": 0.3, "max_per_frame": None, "score_threshold": 0.2, "batch_size": 2}
    some = 0
    for found, frame in zip(detector_of(path, "yolo", **settings).detect(video), video, strict=True):
        with torch.no_grad():
            rows = network(torch.from_numpy(frame).permute(2, 0, 1)[None] / 255)[0]
        rows = rows if transposed else rows.T
        scores = rows[:, -3:] * (rows[:, 4:5] if with_objectness else 1)
        corners = torch.cat([rows[:, :2] - rows[:, 2:4] / 2, rows[:, :2] + rows[:, 2:4] / 2], dim=1)
        for label in range(3):
            own = (scores.argmax(dim=1) == label) & (scores[:, label] >= 0.2)
            kept = nms(corners[own], scores[own, label], 0.3)
            ours = found.labels == label
            np.testing.assert_allclose(found.scores[ours], scores[own, label][kept], atol=1e-5)
            np.testing.assert_allclose(found.boxes[ours], corners[own][kept].clamp(0, 64), atol=1e-3)
            some += ours.sum()
    assert some > 3


@pytest.mark.parametrize(
    ("fit", "size", "scale", "offset"),
    [
        ("letterbox", (128, 128), (128 / 160, 72 / 90), (0, 28)),
        ("corner", (128, 128), (128 / 160, 72 / 90), (0, 0)),
        ("stretch", (128, 64), (128 / 160, 64 / 90), (0, 0)),
        # 64 pixels high, the frame is 113.8 wide: 114, so that x and y are not scaled alike.
        ("letterbox", (128, 64), (114 / 160, 64 / 90), (7, 0)),
    ],
)
def test_boxes_come_back_to_the_pixels_of_the_frame(tmp_path, fit, size, scale, offset):
    box = np.array([20.0, 10.0, 100.0, 80.0])
    inside = torch.tensor(box * [*scale, *scale] + [*offset, *offset], dtype=torch.float32)[None]
    module = Given(inside, torch.tensor([0.75]), torch.tensor([1]))
    path = export(module, tmp_path / "given.onnx", torch.rand(1, 3, *size[::-1]), ["boxes", "scores", "labels"])
    for found in detector_of(path, "boxes", fit=fit).detect(frames(2)):
        np.testing.assert_allclose(found.boxes, box[None], atol=1e-4)
        assert (found.scores.tolist(), found.labels.tolist()) == ([0.75], [1])


def test_a_letterboxed_frame_lies_where_its_boxes_say():
    detector = object.__new__(OnnxDetector)
    detector.fit, detector.size, detector.padding = "letterbox", (64, 48), 114
    detector.bgr, detector.mean, detector.std = True, np.float32(0), np.float32(1)
    detector.numbers, detector.channels_last = np.float32, True
    frame = np.zeros((60, 40, 3), np.uint8)
    frame[20:40, 10:30] = (200, 100, 50)
    image, placement = detector._place(frame)
    seen = np.argwhere(image[..., 2] > 180)
    box = torch.tensor([[*seen.min(axis=0)[::-1], *(seen.max(axis=0)[::-1] + 1)]], dtype=torch.float32)
    np.testing.assert_allclose(placement.undo(box), [[10, 20, 30, 40]], atol=1.3)  # a pixel of the input is 1.25
    assert image[0, 0].tolist() == [114, 114, 114]
    assert image[24, 32].tolist() == [50, 100, 200]


def test_pixels_are_normalized_as_the_settings_say(tmp_path):
    path = export(MeanColours(), tmp_path / "mean.onnx", torch.rand(1, 3, 16, 32), ["boxes", "scores", "labels"])
    frame = np.full((16, 32, 3), (200, 100, 50), np.uint8)
    for options, expected in [
        ({}, [200 / 255, 100 / 255, 50 / 255]),
        ({"bgr": True}, [50 / 255, 100 / 255, 200 / 255]),
        ({"mean": (100, 50, 0), "std": (200, 100, 25)}, [0.5, 0.5, 2.0]),
    ]:
        (found,) = detector_of(path, "boxes", fit="stretch", **options).detect([frame])
        np.testing.assert_allclose(found.scores[found.labels.argsort()], expected, atol=1e-6)


@pytest.mark.parametrize("kind", [torch.float16, torch.uint8])
def test_channels_last_and_the_kind_of_numbers_are_read_from_the_file(tmp_path, kind):
    class Last(nn.Module):
        def forward(self, images):
            return MeanColours()(images.permute(0, 3, 1, 2).float())

    image = (torch.rand(1, 16, 32, 3) * 255).to(kind)
    path = export(Last(), tmp_path / "last.onnx", image, ["boxes", "scores", "labels"])
    frame = np.full((16, 32, 3), (200, 100, 50), np.uint8)
    (found,) = detector_of(path, "boxes", std=(1, 1, 1)).detect([frame])
    assert sorted(found.scores.tolist()) == [50, 100, 200]
    if kind == torch.uint8:
        with pytest.raises(InputError, match=r"takes whole numbers; give mean=\(0, 0, 0\) and std=\(1, 1, 1\)"):
            detector_of(path, "boxes")


def test_a_file_for_any_size_takes_the_frame_or_a_given_size(tmp_path):
    class Size(nn.Module):
        """A box over the whole input."""

        def forward(self, images):
            height, width = images.shape[2:]
            corner = torch.ones_like(images[:, 0, :1, :2])
            sides = torch.ones_like(images[:, 0]).sum(dim=1).shape  # keeps them dynamic
            box = torch.stack(
                [corner[:, 0, 0] * 0, corner[:, 0, 0] * 0, corner[:, 0, 0] * width, corner[:, 0, 0] * height]
            )
            return box.T[:, None], corner[:, 0, :1], corner[:, 0, :1].long() * 0 + 0 * len(sides)

    path = str(tmp_path / "any.onnx")
    torch.onnx.export(
        Size(),
        (torch.rand(1, 3, 32, 48),),
        path,
        input_names=["images"],
        output_names=["b", "s", "l"],
        dynamo=False,
        dynamic_axes={"images": {0: "batch", 2: "height", 3: "width"}},
    )
    for options in ({"fit": "none"}, {"fit": "stretch", "size": (64, 32)}):
        (found,) = detector_of(path, "boxes", **options).detect(frames(1))
        np.testing.assert_allclose(found.boxes, [[0, 0, 160, 90]], atol=1e-4)
    with pytest.raises(InputError, match="takes frames of any size; give `size`, or fit='none'"):
        detector_of(path, "boxes")


@pytest.mark.parametrize("num_logits", [3, 4])
def test_detr_s_shares_become_boxes_and_its_logits_scores(tmp_path, num_logits):
    logits = torch.log(torch.tensor([[6.0, 1.0, 1.0, 2.0], [1.0, 1.0, 3.0, 5.0]]))[:, :num_logits]
    boxes = torch.tensor([[0.5, 0.5, 0.25, 0.5], [0.25, 0.5, 0.5, 1.0]])
    # Told apart by shape unless there are four logits, for then boxes look like them.
    path = export(Given(logits, boxes), tmp_path / "detr.onnx", torch.rand(1, 3, 32, 32), ["logits", "pred_boxes"])
    if num_logits == 4:
        with pytest.raises(InputError, match="boxes that can be told from logits; give `outputs`"):
            detector_of(path, "detr", fit="stretch")
    named = {"outputs": ["pred_boxes", "logits"]} if num_logits == 4 else {}
    (found,) = detector_of(path, "detr", fit="stretch", **named).detect(frames(1))
    order = found.labels.argsort()
    np.testing.assert_allclose(found.boxes[order], [[60, 22.5, 100, 67.5], [0, 0, 80, 90]], atol=1e-4)
    # Softmax with "nothing" as last: 6 / 10, 3 / 10; sigmoid of log 6 and log 3: 6 / 7, 3 / 4.
    np.testing.assert_allclose(found.scores[order], [0.6, 0.3] if num_logits == 4 else [6 / 7, 3 / 4], atol=1e-6)
    assert found.labels[order].tolist() == [0, 2]


@pytest.mark.parametrize("num_columns", [5, 6])
def test_scores_and_labels_may_stand_beside_the_boxes(tmp_path, num_columns):
    rows = torch.tensor([[0.0, 0.0, 16.0, 16.0, 0.5, 2.0], [4.0, 0.0, 32.0, 16.0, 0.9, 0.0]])
    given = [rows] if num_columns == 6 else [rows[:, :5].contiguous(), rows[:, 5].long()]
    path = export(Given(*given), tmp_path / "rows.onnx", torch.rand(1, 3, 32, 32), ["dets", "labels"][: len(given)])
    (found,) = detector_of(path, "boxes", fit="stretch").detect(frames(1, 32, 32))
    assert found.boxes.tolist() == [[4, 0, 32, 16], [0, 0, 16, 16]]
    assert (found.labels.tolist(), found.scores.round(3).tolist()) == ([0, 2], [np.float32(0.9).round(3), 0.5])


def test_the_file_may_name_its_categories(tmp_path):
    module = Given(torch.tensor([[0.0, 0.0, 9.0, 9.0]]), torch.tensor([0.5]), torch.tensor([1]))
    names = ["boxes", "scores", "labels"]
    path = export(module, tmp_path / "named.onnx", torch.rand(1, 3, 32, 32), names, names="{0: 'horse', 1: 'forklift'}")
    (found,) = detector_of(path, "boxes", categories=None, actors=["forklift"]).detect(frames(1))
    assert found.labels.tolist() == [0]
    path = export(module, tmp_path / "unnamed.onnx", torch.rand(1, 3, 32, 32), names)
    with pytest.raises(InputError, match=r"unnamed\.onnx does not name its categories; give `categories`"):
        detector_of(path, "boxes", categories=None)
    with pytest.raises(InputError, match="gives the label 1, `categories` are 1; name them all"):
        detector_of(path, "boxes", categories=["person"], actors=["person"])


def test_what_is_wrong_is_named(tmp_path, monkeypatch):
    image, names = torch.rand(1, 3, 32, 32), ["boxes", "scores", "labels"]
    boxes = torch.tensor([[0.0, 0.0, 9.0, 9.0]])
    path = export(Given(boxes, torch.tensor([0.5]), torch.tensor([1])), tmp_path / "given.onnx", image, names)
    floats = export(Given(boxes, torch.tensor([0.5]), torch.tensor([1.0])), tmp_path / "floats.onnx", image, names)
    many = export(MeanColours(), tmp_path / "many.onnx", torch.rand(2, 3, 32, 32), names)
    flat = export(nn.Flatten(), tmp_path / "flat.onnx", torch.rand(1, 12), ["found"])
    both = str(tmp_path / "both.onnx")
    torch.onnx.export(nn.CosineSimilarity(), (image, image), both, input_names=["a", "sizes"], dynamo=False)
    broken = tmp_path / "broken.onnx"
    broken.write_bytes(b"no model")
    for file, options, message in [
        (tmp_path / "absent.onnx", {}, r"model .*absent\.onnx: no such file"),
        (broken, {}, r"broken\.onnx cannot be used"),
        (path, {"layout": "ssd"}, "layout one of boxes, detr, yolo .* got 'ssd' and 'letterbox'"),
        (path, {"fit": "crop"}, "got 'boxes' and 'crop'"),
        (path, {"fit": "none"}, r"takes frames of \(32, 32\) .* only; choose a fit"),
        (path, {"size": (64, 32)}, r"takes frames of \(32, 32\) \(width, height\), size is \(64, 32\)"),
        (path, {"outputs": ["masks"]}, "no output 'masks'; it has boxes, scores, labels"),
        (path, {"layout": "yolo"}, r"gives boxes \(1, 4\), scores .* expects one array with 7 or 8 numbers a box"),
        (path, {"layout": "detr"}, r"expects boxes \(D, 4\) and logits \(D, 3\) or \(D, 4\)"),
        (path, {"outputs": ["boxes", "scores"]}, r"layout 'boxes' expects boxes \(D, 4\), scores"),
        (path, {"actors": ["unicorn"]}, "'unicorn' is no category"),
        (floats, {}, "expects labels that are whole numbers, unless `outputs` says which they are"),
        (many, {}, "takes 2 frames at once"),
        (flat, {}, r"takes \[1, 12\], expected images"),
        (both, {}, "takes 'sizes' beside images"),
    ]:
        with pytest.raises(InputError, match=message):
            detector_of(str(file), options.pop("layout", "boxes"), **options)
    if not torch.cuda.is_available():
        with pytest.raises(InputError, match="device 'cuda'"):
            detector_of(path, "boxes", device="cuda")
    monkeypatch.setitem(sys.modules, "onnxruntime", None)
    with pytest.raises(InputError, match=r"pip install 'actorsup\[onnx\]'"):
        detector_of(path, "boxes")
