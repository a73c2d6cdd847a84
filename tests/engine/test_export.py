"""Exported models against the ones that they were made of."""

import io
import json
import sys
import zipfile

import numpy as np
import pytest
import torch
from mmengine.config import Config
from torch import nn

from actorsup.engine import load_config
from actorsup.engine.export import METADATA, OUTPUTS, export_localizer, noise
from actorsup.errors import InputError
from actorsup.models import ExportedLocalizer
from actorsup.models.encoders import Encoder
from actorsup.models.encoders.encoder import padded_clips
from actorsup.models.heads import TubeHead
from actorsup.registry import MODELS
from actorsup.structures import Tube, VideoSample
from tests.models.cases import small_frames, small_sample
from tests.toy import make_toy, run_tool, untrained_checkpoint

SIZE = (64, 48)
CLASSES = ("jump", "run", "wave")
CLOSE = {"rtol": 1e-4, "atol": 1e-4}
HEADS = {
    "TopKAttentionHead": {"topk": 12},
    "MeanHead": {"multi_label": True},
    "MaximumHead": {"normalize": True},
    "LogSumExpHead": {"sharpness": 1e-5},
    "SoftmaxAttentionHead": {"rank_by_attention": True},
    "SupervisedTubeHead": {},
    "TwoStreamHead": {"ranking": {"type": "TubeRanking"}},
    "OnlineRefinementHead": {"ranking": {"type": "VideoRanking"}},
    "UncertaintyHead": {},
    "TextHead": {"texts": "unread.npz", "background": ("a person",)},
    "EnsembleHead": {"member": "TwoStreamHead", "num_members": 2},
}


@MODELS.register_module()
class TinyEncoder(Encoder):
    """A convolution."""

    stride, out_channels = 16, 6

    def __init__(self):
        super().__init__()
        self.layer = nn.Conv2d(3, 6, 16, stride=16)

    def forward(self, frames):
        return self.layer(frames)


@MODELS.register_module()
class TinyClipEncoder(Encoder):
    """A convolution in space and time."""

    stride, out_channels, temporal_stride, takes_clips = 16, 6, 2, True

    def __init__(self):
        super().__init__()
        self.layer = nn.Conv3d(3, 6, (2, 16, 16), stride=(2, 16, 16))

    def forward(self, frames):
        return self.layer(padded_clips(frames, 2).transpose(1, 2)).transpose(1, 2)


class _OwnHead(TubeHead):
    def aggregate(self, tube_logits, features):
        return tube_logits.mean(dim=0)


@MODELS.register_module()
class HeadOfValues(_OwnHead):
    def score_tubes(self, tube_logits, features):
        scores = super().score_tubes(tube_logits, features)
        return scores if tube_logits.max() > 0 else -scores


@MODELS.register_module()
class HeadOfChance(_OwnHead):
    def log_odds(self, tube_logits):
        return super().log_odds(tube_logits) + torch.rand_like(tube_logits)


def make(
    folder,
    head="TopKAttentionHead",
    pooling="ActorRoIPool3D",
    gain=1.0,
    encoder="TinyEncoder",
    post_processing=(),
    **settings,
):
    """A config, a checkpoint of random weights, those of linear layers times ``gain``, and the model with them."""
    channels = 18 if pooling == "ActorStatisticsPool3D" else 6
    classes = {"classes": CLASSES} if head == "TextHead" else {"num_classes": len(CLASSES)}
    common = {**classes, "in_channels": channels, "roi_size": (2, 3)}
    model = {
        "type": "ActorLocalizer",
        "encoder": {"type": encoder},
        "pooling": {"type": pooling, "output_size": (2, 3)},
        "head": {"type": head, **common, **settings},
        "post_processing": list(post_processing),
    }
    pipeline = [{"type": "SampleFrames", "num_frames": 3, "mode": "center"}, {"type": "ResizeFrames", "size": SIZE}]
    dataset = {"type": "AnnotatedVideos", "classes": CLASSES, "pipeline": pipeline}
    config = Config({"model": model, "test_dataloader": {"dataset": dataset}})
    checkpoint = untrained_checkpoint(config, folder / "random.pth", CLASSES)
    loaded = torch.load(checkpoint)
    for name, weight in loaded["state_dict"].items():
        if name.startswith("head.") and weight.is_floating_point():
            weight.mul_(gain)
    torch.save(loaded, checkpoint)
    built = MODELS.build(config.model).eval()
    built.load_state_dict(loaded["state_dict"])
    return config, checkpoint, built


def video(num_tubes, num_frames=3, size=SIZE):
    """A batch of one video of noise, as a dataset gives it."""
    frames, tubes, weights = noise(num_tubes, num_frames, size)
    proposals = [Tube(0, tube.numpy(), np.ones(num_frames), 1.0, 0) for tube in tubes]
    sample = VideoSample("noise", np.arange(num_frames), tubes, weights > 0, proposals=tuple(proposals))
    return {"inputs": [frames], "data_samples": [sample]}


def assert_same_predictions(model, exported, batch):
    with torch.no_grad():
        (expected,), (given,) = model.test_step(batch), exported.test_step(batch)
    for name in ("tube_scores", "video_scores", "frame_scores"):
        ours, theirs = getattr(expected, name), getattr(given, name)
        assert (ours is None) == (theirs is None)
        if ours is not None:
            assert ours.dtype == theirs.dtype
            np.testing.assert_allclose(theirs, ours, **CLOSE)
    return expected, given


@pytest.mark.slow
@pytest.mark.parametrize("head", HEADS)
def test_every_head_predicts_the_same_for_any_number_of_tubes_and_frames(tmp_path, head):
    config, checkpoint, model = make(tmp_path, head, **HEADS[head])
    export_localizer(config, checkpoint, tmp_path / "model.onnx")
    exported = ExportedLocalizer(tmp_path / "model.onnx")
    for batch in (video(1), video(4), video(20), video(5, num_frames=7), video(2, num_frames=1), video(0)):
        assert_same_predictions(model, exported, batch)


def test_the_head_that_every_ranking_is_tried_with_has_every_ranking():
    tried = {settings.get("ranking", {"type": "RelativeRanking"})["type"] for settings in HEADS.values()}
    rankings = {name for name, part in MODELS.module_dict.items() if part.__module__ == "actorsup.models.ranking"}
    heads = {name for name, part in MODELS.module_dict.items() if part.__module__.startswith("actorsup.models.heads.")}
    assert (tried, HEADS.keys()) == (rankings, heads)


@pytest.mark.parametrize("gain", [1.0, 300.0])
def test_scores_near_certainty_stay_apart_and_in_order(tmp_path, gain):
    config, checkpoint, model = make(tmp_path, "MaximumHead", gain=gain, ranking={"type": "TubeRanking"})
    export_localizer(config, checkpoint, tmp_path / "model.onnx")
    exported = ExportedLocalizer(tmp_path / "model.onnx")
    expected, given = assert_same_predictions(model, exported, video(20))
    best = expected.tube_scores.max(axis=1)
    if gain > 1:
        assert (best > -1e-17).any(), "no tube is so certain that float64 rounds its probability to 1"
    assert len(np.unique(given.tube_scores)) == given.tube_scores.size
    # What float32 leaves of log-odds, which are up to hundreds here, becomes a factor of scores near 0.
    np.testing.assert_allclose(given.tube_scores, expected.tube_scores, rtol=1e-2)
    assert (given.tube_scores.argsort(axis=None) == expected.tube_scores.argsort(axis=None)).all()


@pytest.mark.slow
def test_statistics_over_time_and_scores_of_frames_are_exported_with_what_follows_them(tmp_path):
    trimming = {"type": "TemporalTrimming", "window": 3, "contrast": 0.0}
    config, checkpoint, model = make(
        tmp_path, pooling="ActorStatisticsPool3D", post_processing=[trimming, {"type": "TubeNMS"}]
    )
    metadata = export_localizer(config, checkpoint, tmp_path / "model.onnx")
    assert metadata["frame_window"] == 3
    exported = ExportedLocalizer(tmp_path / "model.onnx", [trimming, {"type": "TubeNMS"}])
    for batch in (video(6, num_frames=8), video(1), video(0)):
        expected, given = assert_same_predictions(model, exported, batch)
        assert [(tube.start, len(tube)) for tube in given.processed.tubes] == [
            (tube.start, len(tube)) for tube in expected.processed.tubes
        ]
    with pytest.raises(InputError, match="looks at 5 frames around each, the file gives scores for 3"):
        ExportedLocalizer(tmp_path / "model.onnx", [{"type": "TemporalTrimming"}])


def test_a_model_of_clips_is_exported_for_clips_of_one_length(tmp_path):
    trimming = {"type": "TemporalTrimming", "window": 5, "contrast": 0.0}
    config, checkpoint, model = make(tmp_path, encoder="TinyClipEncoder", post_processing=[trimming])
    export_localizer(config, checkpoint, tmp_path / "model.onnx")
    exported = ExportedLocalizer(tmp_path / "model.onnx", [trimming])
    for num_tubes in (1, 6, 0):
        assert_same_predictions(model, exported, video(num_tubes))
    with pytest.raises(InputError, match="takes 3 frames of 64x48 pixels, got 4 of 64x48"):
        exported.test_step(video(1, num_frames=4))


def test_half_precision_is_refused(tmp_path):
    config, checkpoint, _ = make(tmp_path)
    config.model.precision = "bfloat16"
    with pytest.raises(InputError, match=r"compute in float32: --cfg-options model\.precision=float32"):
        export_localizer(config, checkpoint, tmp_path / "model.onnx")


@pytest.mark.slow
def test_frames_have_the_size_of_the_config_or_any(tmp_path):
    config, checkpoint, model = make(tmp_path)
    assert export_localizer(config, checkpoint, tmp_path / "fixed.onnx")["size"] == [64, 48]
    assert export_localizer(config, checkpoint, tmp_path / "any.onnx", any_size=True)["size"] is None
    fixed, any_size = (ExportedLocalizer(tmp_path / f"{name}.onnx") for name in ("fixed", "any"))
    for size in ((48, 64), (101, 67), (160, 120)):
        assert_same_predictions(model, any_size, video(3, size=size))
        with pytest.raises(InputError, match=f"takes frames of 64x48 pixels, got 3 of {size[0]}x{size[1]}"):
            fixed.test_step(video(3, size=size))
    del config.test_dataloader.dataset.pipeline[1]
    with pytest.raises(InputError, match="has no ResizeFrames, which says the size: --any-size"):
        export_localizer(config, checkpoint, tmp_path / "fixed.onnx")


def test_a_program_of_torch_says_the_same_without_this_package(tmp_path):
    config, checkpoint, model = make(tmp_path, "OnlineRefinementHead", "ActorStatisticsPool3D")
    metadata = export_localizer(config, checkpoint, tmp_path / "model.pt2")
    files = {f"{METADATA}.json": ""}
    program = torch.export.load(tmp_path / "model.pt2", extra_files=files)
    assert json.loads(files[f"{METADATA}.json"]) == json.loads(json.dumps(metadata))
    assert not [node for node in program.graph.nodes if "actorsup" in str(node.target)]
    for num_tubes, num_frames in ((1, 3), (4, 3), (20, 6), (3, 1)):
        inputs = noise(num_tubes, num_frames, SIZE)
        with torch.no_grad():
            for given, expected in zip(program.module()(*inputs), model.score_video(*inputs), strict=True):
                torch.testing.assert_close(given, expected, **CLOSE)


def test_onnxruntime_alone_runs_the_file_from_what_it_says_of_itself(tmp_path):
    onnxruntime, onnx = pytest.importorskip("onnxruntime"), pytest.importorskip("onnx")
    config, checkpoint, model = make(tmp_path)
    export_localizer(config, checkpoint, tmp_path / "model.onnx")
    domains = {node.domain for node in onnx.load(tmp_path / "model.onnx").graph.node}
    assert domains == {""}, "operators beside ONNX's own"
    session = onnxruntime.InferenceSession(tmp_path / "model.onnx")
    assert [each.name for each in session.get_outputs()] == list(OUTPUTS[:2])
    assert {each.name: each.shape for each in session.get_inputs()} == {
        "frames": ["num_frames", 3, 48, 64],
        "tubes": ["num_tubes", "num_frames", 4],
        "weights": ["num_tubes", "num_frames"],
    }
    said = json.loads(session.get_modelmeta().custom_metadata_map[METADATA])
    assert said["classes"] == list(CLASSES)
    assert said["pipeline"] == [dict(step) | {k: list(v) for k, v in step.items() if isinstance(v, tuple)} for step in
                                config.test_dataloader.dataset.pipeline]  # fmt: skip
    np.testing.assert_allclose(said["normalization"]["mean"], [0.485, 0.456, 0.406], rtol=1e-6)
    sample = small_sample(num_tubes=2, num_frames=3)
    frames = small_frames(num_frames=3)
    inputs = {"frames": frames, "tubes": sample.tubes, "weights": sample.frame_mask.float()}
    scores, _ = session.run(None, {name: tensor.numpy() for name, tensor in inputs.items()})
    (expected,) = model.test_step({"inputs": [frames], "data_samples": [sample]})
    np.testing.assert_allclose(scores, expected.tube_scores, **CLOSE)


@pytest.mark.parametrize(
    ("head", "reason"), [("HeadOfValues", "depends on values or sizes"), ("HeadOfChance", "gives other tube_scores")]
)
def test_a_head_that_no_graph_can_be_is_refused_and_nothing_is_written(tmp_path, head, reason):
    config, checkpoint, _ = make(tmp_path, head)
    for suffix in (".onnx", ".pt2"):
        with pytest.raises(InputError, match=reason):
            export_localizer(config, checkpoint, tmp_path / f"model{suffix}")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["random.pth"]


def test_what_is_written_where_is_asked_for_unambiguously(tmp_path):
    config, checkpoint, _ = make(tmp_path)
    for out, format in (("model.pth", None), ("model.onnx", "torch"), ("model.pt2", "onnx")):
        with pytest.raises(InputError, match=f"{out}: expected the suffix of a format"):
            export_localizer(config, checkpoint, tmp_path / out, format)
    with pytest.raises(InputError, match="--any-size is for ONNX"):
        export_localizer(config, checkpoint, tmp_path / "model.pt2", any_size=True)


@pytest.mark.parametrize("package", ["onnx", "onnxscript", "onnxruntime"])
def test_a_missing_package_is_named_with_the_command_that_installs_it(tmp_path, monkeypatch, package):
    config, checkpoint, _ = make(tmp_path)
    monkeypatch.setitem(sys.modules, package, None)
    with pytest.raises(InputError, match=rf"needs {package}: pip install 'actorsup\[onnx\]'"):
        export_localizer(config, checkpoint, tmp_path / "model.onnx")
    if package == "onnxruntime":
        with pytest.raises(InputError, match=r"ExportedLocalizer needs onnxruntime: pip install 'actorsup\[onnx\]'"):
            ExportedLocalizer(tmp_path / "model.onnx")


def test_files_that_are_no_exported_model_are_refused(tmp_path):
    onnx = pytest.importorskip("onnx")
    with pytest.raises(InputError, match=r"absent\.onnx: no such file"):
        ExportedLocalizer(tmp_path / "absent.onnx")
    (tmp_path / "text.onnx").write_text("text")
    with pytest.raises(InputError, match=r"text\.onnx: onnxruntime cannot read it"):
        ExportedLocalizer(tmp_path / "text.onnx")
    value = onnx.helper.make_tensor_value_info("x", onnx.TensorProto.FLOAT, [1])
    node = onnx.helper.make_node("Identity", ["x"], ["y"])
    graph = onnx.helper.make_graph([node], "other", [value], [onnx.helper.make_tensor_value_info("y", 1, [1])])
    other = onnx.helper.make_model(graph, opset_imports=[onnx.helper.make_opsetid("", 20)], ir_version=10)
    onnx.save(other, tmp_path / "other.onnx")
    with pytest.raises(InputError, match=r"other\.onnx: is no model that `actorsup export` wrote"):
        ExportedLocalizer(tmp_path / "other.onnx")


def test_an_exported_model_does_not_learn(tmp_path):
    config, checkpoint, _ = make(tmp_path)
    export_localizer(config, checkpoint, tmp_path / "model.onnx")
    with pytest.raises(InputError, match="cannot be trained"):
        ExportedLocalizer(tmp_path / "model.onnx")(**video(2), mode="loss")
    with pytest.raises(InputError, match="is exported already"):
        export_localizer(config, tmp_path / "model.onnx", tmp_path / "again.onnx")


@pytest.fixture(scope="module")
def toy(tmp_path_factory):
    """The toy's folder, with proposals, a checkpoint and what was exported of it."""
    root = tmp_path_factory.mktemp("toy")
    sys.path.insert(0, str(root))  # its parts are imported by the config
    config = make_toy(root)
    config.write_text(
        config.read_text()
        .replace('type="MedianHead"', 'type="MeanHead"')
        .replace('linker="siamese"', 'linker="viterbi"')
    )
    assert run_tool("generate_proposals", config, root=root).returncode == 0
    untrained_checkpoint(load_config(config), root / "random.pth")
    output = run_tool("export", config, root / "random.pth", "--out", root / "model.onnx", root=root)
    assert output.returncode == 0, output.stderr
    assert "2 classes, frames of 96x64 pixels" in output.stdout
    yield root
    sys.path.remove(str(root))


def test_localize_and_test_take_an_exported_model_for_a_checkpoint(toy):
    config, video_file = toy / "toy_config.py", toy / "videos/Biking/v_Biking_g01_c01.avi"
    found, measured = {}, {}
    for model in ("random.pth", "model.onnx"):
        out = toy / f"out_{model}"
        given = ("--config", config, "--checkpoint", toy / model, "--out", out)
        output = run_tool("localize", video_file, *given, root=toy)
        assert output.returncode == 0, output.stderr
        found[model] = json.loads((out / "v_Biking_g01_c01.json").read_text())
        output = run_tool("test", config, toy / model, "--work-dir", out, root=toy)
        assert output.returncode == 0, output.stderr
        measured[model] = json.loads((out / "test_metrics.json").read_text())["metrics"]
    of_checkpoint, of_export = (
        [(tube["action"], tube["boxes"]) for tube in found[model]["tubes"]] for model in ("random.pth", "model.onnx")
    )
    assert of_checkpoint == of_export
    scores = [[tube["score"] for tube in each["tubes"]] for each in found.values()]
    np.testing.assert_allclose(*scores, **CLOSE)
    assert measured["random.pth"] == measured["model.onnx"]


@pytest.mark.parametrize(
    ("option", "message"),
    [
        ("model.head.ranking.type=TubeRanking", "model.head.ranking.type: absent there, TubeRanking here"),
        ("model.head.type=MaximumHead", "model.head.type: MeanHead there, MaximumHead here"),
        ("test_dataloader.dataset.classes=[Biking,Basketball]", "class 0 is Basketball there, Biking here"),
    ],
)
def test_an_exported_model_of_another_config_is_refused(toy, option, message):
    config, video_file = toy / "toy_config.py", toy / "videos/Biking/v_Biking_g01_c01.avi"
    given = ("--config", config, "--checkpoint", toy / "model.onnx", "--out", toy / "out", "--cfg-options", option)
    for output in (
        run_tool("localize", video_file, *given, root=toy),
        run_tool("test", config, toy / "model.onnx", "--work-dir", toy / "out", "--cfg-options", option, root=toy),
    ):
        assert output.returncode == 2
        assert message in output.stderr
        assert "export it again with this one" in output.stderr


def test_a_program_of_torch_is_no_checkpoint(toy):
    content = io.BytesIO()
    zipfile.ZipFile(content, "w").close()
    (toy / "model.pt2").write_bytes(content.getvalue())
    output = run_tool("test", toy / "toy_config.py", toy / "model.pt2", root=toy)
    assert output.returncode == 2
    assert "is a program of torch.export, for programs of your own; export it as .onnx" in output.stderr
