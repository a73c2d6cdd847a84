"""The shipped configs: they load, their parts exist, and the paper's config is the paper's."""

import copy
import dataclasses
from pathlib import Path

import pytest
from mmengine.config import Config, ConfigDict
from mmengine.optim import build_optim_wrapper

from actorsup.datasets.transforms import ResizeFrames
from actorsup.engine import Experiments, load_config
from actorsup.linkers import SiameseLinker
from actorsup.models import heads
from actorsup.proposals import ProposalConfig
from actorsup.registry import DATASETS, DETECTORS, LINKERS, METRICS, MODELS, TRACKERS, TRANSFORMS
from actorsup.trackers.training_data import SequenceSource
from tests.tiny_clip import WIDTH, write_open_clip

CONFIGS = Path(__file__).parent.parent / "configs"
PAPER = CONFIGS / "actorsup_vgg16_thumos13.py"
EXPERIMENTS = sorted((CONFIGS / "experiments").glob("*.py"))


@pytest.mark.parametrize("path", sorted(CONFIGS.glob("actorsup_*.py")), ids=lambda path: path.stem)
def test_every_part_that_a_config_names_exists(path):
    config = Config.fromfile(path)
    proposal_config = ProposalConfig.from_config(config.proposals)
    assert DETECTORS.get(proposal_config.detector["type"])
    for linker in config.proposals.linkers.values():
        if "tracker" in linker:
            assert LINKERS.get(linker.type)
            assert TRACKERS.get(linker.tracker.type)
        else:
            LINKERS.build(linker)
    for loader in filter(None, (config.train_dataloader, config.test_dataloader)):
        assert DATASETS.get(loader.dataset.type)
        for step in loader.dataset.pipeline:
            TRANSFORMS.build(step)
    for metric in config.test_evaluator:
        METRICS.build(metric)
    MODELS.build(config.model)


@pytest.mark.parametrize("path", sorted(CONFIGS.glob("words_*.py")), ids=lambda path: path.stem)
def test_every_part_of_a_config_of_words_exists(path, tmp_path, monkeypatch):
    """With a CLIP of the same kind, only smaller: its own has 150 million weights."""
    pytest.importorskip("open_clip", reason="open_clip is missing: pip install 'actorsup[openclip]'")
    monkeypatch.setenv("ACTORSUP_CLIP", "weights.bin")
    config = load_config(path)
    dense, texts = "dense" in path.stem, config.model.head.texts
    images = config.model.encoder.encoder if dense else config.model.pooling.images
    clip = write_open_clip(tmp_path / "clip")
    MODELS.build(texts)  # open_clip knows the name
    for part in (images, texts):
        assert (part.name, part.weights) == ("ViT-B-32", "weights.bin")
        part.update(clip)
    classes = config.model.head.get("phrases") or ("a person jumping", "a dog running")
    config.model.head.update(in_channels=WIDTH, classes=tuple(classes))
    MODELS.build(config.model).init_weights()
    for loader in (config.train_dataloader, config.test_dataloader):
        steps = [TRANSFORMS.build(step) for step in loader.dataset.pipeline]
        assert any(isinstance(step, ResizeFrames) for step in steps) == dense
    assert "person" in ProposalConfig.from_config(config.proposals).detector["actors"]


@pytest.mark.parametrize(
    ("name", "strides", "pooled"), [("dinov2_small", (1, 14), (1152, 5, 5)), ("videomae_base", (2, 16), (768, 5, 5))]
)
def test_a_model_of_another_encoder_stands_in_a_config(name, strides, pooled, tmp_path):
    path = tmp_path / "config.py"
    text = PAPER.read_text().replace("actorsup_vgg16.py", f"actorsup_{name}.py")
    path.write_text(text.replace('"_base_', f'"{CONFIGS}/_base_'))
    model = MODELS.build(load_config(path).model)
    assert (model.encoder.temporal_stride, model.encoder.stride) == strides
    assert model.head.pooled_shape == pooled


@pytest.mark.parametrize("path", sorted(CONFIGS.glob("siamese_*.py")), ids=lambda path: path.stem)
def test_every_part_of_a_trackers_training_exists(path):
    config = Config.fromfile(path)
    model = MODELS.build(config.model)
    assert DATASETS.get(config.train_dataloader.dataset.type)
    assert config.train_dataloader.dataset.num_pairs >= config.train_cfg.max_iters * config.train_dataloader.batch_size
    optimizer = build_optim_wrapper(model, config.optim_wrapper).optimizer
    decays = {id(one): group["weight_decay"] for group in optimizer.param_groups for one in group["params"]}
    assert all(decays[id(one)] == 0 for one in model.network.correlation.parameters())
    assert max(decays.values()) > 0
    if "val_evaluator" in config and config.val_evaluator:
        METRICS.build(config.val_evaluator)


@pytest.fixture(scope="module")
def build_model():
    """Builds every different model once: the experiments of all worlds compare the same ones."""
    built = []

    def build(settings: ConfigDict) -> None:
        if settings not in built:
            MODELS.build(settings)
            built.append(copy.deepcopy(settings))

    return build


@pytest.mark.parametrize("path", EXPERIMENTS, ids=lambda path: path.stem)
def test_every_part_that_an_experiment_names_exists(path, tmp_path, build_model):
    experiments = Experiments.read(path)
    experiments = dataclasses.replace(experiments, work_dir=tmp_path / experiments.work_dir)
    for variant in experiments.variants:
        config = load_config(experiments.write_config(variant, 0))
        proposal_config = ProposalConfig.from_config(config.proposals)
        assert DETECTORS.get(proposal_config.detector["type"])
        assert LINKERS.get(proposal_config.linker["type"])
        build_model(config.model)
        if config.train_dataloader is not None:
            for step in config.train_dataloader.dataset.pipeline:
                TRANSFORMS.build(step)
        if experiments.models is not None:
            trained = Path(experiments.models.format(variant=variant, seed=0)).parent.parent
            assert trained in {Experiments.read(other).work_dir for other in EXPERIMENTS}


def test_the_papers_tracker_is_trained_as_siamfc_was():
    config = Config.fromfile(CONFIGS / "siamese_vgg16_alov.py")
    assert config.model.network.backbone.type == "UnpaddedVGG16"
    assert config.model.positive_radius == 16
    pairs = config.train_dataloader.dataset
    assert (pairs.sequences.type, pairs.max_gap, config.train_dataloader.batch_size) == ("ALOV", 100, 8)
    optimizer = config.optim_wrapper.optimizer
    assert (optimizer.type, optimizer.lr, optimizer.momentum, optimizer.weight_decay) == ("SGD", 1e-2, 0.9, 5e-4)
    assert config.train_cfg.max_iters * 8 == 50 * 50_000
    (schedule,) = config.param_scheduler
    assert optimizer.lr * schedule.gamma**config.train_cfg.max_iters == pytest.approx(1e-5)


@pytest.fixture(scope="module")
def paper() -> Config:
    return Config.fromfile(PAPER)


def test_proposals_are_made_as_the_paper_says(paper):
    proposal_config = ProposalConfig.from_config(paper.proposals)
    assert proposal_config.detector["actors"] == ("person",)
    linker = copy.deepcopy(proposal_config.linker)
    assert linker.pop("type") == SiameseLinker.__name__
    assert (linker["max_tubes"], linker["overlap_threshold"]) == (20, 0.7)
    assert linker["tracker"]["network"]["backbone"]["type"] == "UnpaddedVGG16"


def test_the_model_sees_16_frames_and_20_tubes_and_attends_to_12(paper):
    steps = {step["type"]: step for step in paper.train_dataloader.dataset.pipeline}
    assert (steps["SampleFrames"]["num_frames"], steps["SampleFrames"]["mode"]) == (16, "random")
    assert steps["AttachTubes"]["max_tubes"] == 20
    assert steps["FlipFrames"]["prob"] == 0.5
    model = MODELS.build(paper.model)
    assert (model.pooling.output_size, model.head.topk, model.head.num_classes) == ((5, 5), 12, 24)
    assert paper.train_dataloader.batch_size == 4


OTHER_HEADS = [name for name in heads.__all__ if name not in ("TubeHead", "TopKAttentionHead", "TextHead")]


@pytest.mark.parametrize("path", [PAPER, CONFIGS / "actorsup_squeezenet_thumos13_clips.py"], ids=lambda path: path.stem)
@pytest.mark.parametrize("head", OTHER_HEADS)
def test_another_head_is_one_option(path, head):
    built = MODELS.build(load_config(path, options={"model.head.type": head}).model.head)
    assert type(built) is getattr(heads, head)
    assert (built.num_classes, built.pooled_shape) == (24, (512, 5, 5))


def test_a_heads_own_option_is_one_more():
    config = load_config(PAPER, options={"model.head.type": "LogSumExpHead", "model.head.sharpness": 5.0})
    assert MODELS.build(config.model.head).sharpness == 5.0


@pytest.mark.parametrize(
    ("linker", "type_name"),
    [
        ("random", "RandomTubes"),
        ("sliding_window", "SlidingWindowTubes"),
        ("unlinked", "UnlinkedDetections"),
        ("whole_frame", "WholeFrame"),
    ],
)
def test_what_proposals_are_compared_with_is_chosen_by_name_and_as_many(linker, type_name):
    proposal_config = ProposalConfig.from_config(load_config(PAPER, options={"proposals.linker": linker}).proposals)
    assert proposal_config.linker["type"] == type_name
    assert proposal_config.linker.get("max_tubes") == (None if linker == "whole_frame" else 20)
    assert proposal_config.tubes.folder.name == f"tubes_{linker}"


def test_the_upper_bound_differs_from_the_paper_in_what_it_is_told_alone(paper):
    config = Config.fromfile(CONFIGS / "actorsup_vgg16_thumos13_supervised.py")
    assert config.model.head.type == "SupervisedTubeHead"
    steps = [step.type for step in config.train_dataloader.dataset.pipeline]
    assert steps.index("AttachTubes") < steps.index("LabelTubes") < steps.index("PackVideo")
    config.model.head.type = "TopKAttentionHead"
    dataset = config.train_dataloader.dataset
    assert dataset.pop("true_tubes")
    for pipeline in (dataset.pipeline, config.train_pipeline):
        pipeline[:] = [step for step in pipeline if step.type != "LabelTubes"]
    assert config.to_dict() == paper.to_dict()


def test_the_whole_frame_is_what_training_alone_sees(paper):
    config = Config.fromfile(CONFIGS / "actorsup_vgg16_thumos13_whole_frame.py")
    for pipeline in (config.train_dataloader.dataset.pipeline, config.train_pipeline):
        (index,) = [index for index, step in enumerate(pipeline) if step.type == "AttachWholeFrame"]
        pipeline[index] = ConfigDict(type="AttachTubes", max_tubes=20)
    assert config.to_dict() == paper.to_dict()


def test_training_is_30_epochs_of_sgd_with_weight_decay_on_the_classifier_alone(paper):
    model = MODELS.build(paper.model)
    optimizer = build_optim_wrapper(model, paper.optim_wrapper).optimizer
    decayed = {
        id(parameter) for group in optimizer.param_groups if group["weight_decay"] for parameter in group["params"]
    }
    assert decayed == {id(parameter) for parameter in model.head.classifier.parameters()}
    assert {group["weight_decay"] for group in optimizer.param_groups} == {0, 1e-4}
    assert {(group["lr"], group["momentum"]) for group in optimizer.param_groups} == {(0.001, 0.95)}
    trained = {id(parameter) for group in optimizer.param_groups for parameter in group["params"]}
    assert trained == {id(parameter) for parameter in model.parameters()}
    assert paper.train_cfg.max_epochs == 30


@pytest.mark.parametrize(
    ("schedule", "expected"),
    [("paper_30e", {0: 1e-3, 5: 2.5e-4, 10: 2.5e-4}), ("paper_30e_every5", {0: 1e-3, 5: 2.5e-4, 10: 6.25e-5})],
)
def test_both_readings_of_the_schedule_anneal_by_a_quarter(schedule, expected):
    import torch
    from mmengine.registry import PARAM_SCHEDULERS

    config = Config.fromfile(CONFIGS / "_base_" / "schedules" / f"{schedule}.py")
    optimizer = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=config.optim_wrapper.optimizer.lr)
    (settings,) = config.param_scheduler
    scheduler = PARAM_SCHEDULERS.build({**settings, "optimizer": optimizer})
    rates = []
    for _ in range(12):
        rates.append(optimizer.param_groups[0]["lr"])
        optimizer.step()
        scheduler.step()
    assert {epoch: pytest.approx(rates[epoch]) for epoch in expected} == expected


@pytest.mark.parametrize("path", sorted((CONFIGS / "trackers").glob("*.py")), ids=lambda path: path.stem)
def test_every_tracker_and_source_of_sequences_that_a_config_names_exists(path):
    config = Config.fromfile(path)
    for tracker in config.trackers.values():
        assert TRACKERS.get(tracker.type)
    for source in config.sequences.values():
        assert issubclass(DATASETS.get(source.type), SequenceSource)


@pytest.mark.parametrize(
    ("name", "num_classes", "actors", "max_tubes"),
    [
        ("ucfsports", 10, ["person"], 20),
        ("jhmdb", 21, ["person"], 20),
        ("a2d", 43, ["person", "sports ball", "bird", "car", "cat", "dog"], 50),
    ],
)
def test_the_other_datasets_differ_in_data_actors_and_proposals_alone(name, num_classes, actors, max_tubes):
    config = Config.fromfile(CONFIGS / f"actorsup_vgg16_{name}.py")
    paper = Config.fromfile(PAPER)
    assert config.model.head.pop("num_classes") == num_classes
    assert config.model.head.pop("multi_label", False) == (name == "a2d")  # the dataset whose videos show several
    paper.model.head.pop("num_classes")
    for key in ("model", "optim_wrapper", "param_scheduler", "train_cfg", "test_evaluator"):
        assert config[key] == paper[key]
    for loader, split in (("train_dataloader", "train"), ("test_dataloader", "test")):
        dataset = config[loader].pop("dataset")
        assert (dataset.type, dataset.split) == ("AnnotatedVideos", split)
        assert dataset.get("test_mode", False) == (split == "test")
        assert dataset.pipeline == paper[loader].pop("dataset").pipeline
        assert config[loader] == paper[loader]
        assert str(config.proposals.root).startswith(dataset.data_root)
    assert {tuple(detector.actors) for detector in config.proposals.detectors.values()} == {tuple(actors)}
    assert config.proposals.linkers.siamese.max_tubes == max_tubes


def test_a_folder_is_tested_on_labels_alone():
    config = Config.fromfile(CONFIGS / "_base_" / "datasets" / "folder.py")
    assert not config.test_dataloader.dataset.test_mode
    assert [metric.type for metric in config.test_evaluator] == ["VideoAccuracy"]
