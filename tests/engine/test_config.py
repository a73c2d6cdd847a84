import copy
import re
import sys
from pathlib import Path

import pytest
from mmengine.config import Config

from actorsup.engine import load_config, parse_options
from actorsup.engine.config import (
    proposal_config_of,
    require_annotation,
    require_files,
    with_frame_cache,
    with_proposals,
)
from actorsup.errors import InputError
from actorsup.installation import shipped_folder
from tests.toy import REPOSITORY


def config(**dataset) -> Config:
    return Config({"train_dataloader": {"dataset": {"type": "RepeatDataset", "dataset": {"type": "Any", **dataset}}}})


def test_annotation_and_folders_that_are_there_are_no_error(tmp_path):
    (tmp_path / "images").mkdir()
    (tmp_path / "labels.json").write_text("{}")
    require_annotation(
        config(data_root=str(tmp_path), ann_file="labels.json", data_prefix={"img": "images"}), "train_dataloader"
    )
    require_annotation(config(ann_file=str(tmp_path / "labels.json")), "train_dataloader")
    require_annotation(config(), "train_dataloader")


def test_what_is_no_local_path_is_left_to_mmengine():
    require_annotation(config(data_root="s3://bucket/", ann_file="labels.json"), "train_dataloader")
    require_annotation(config(data_root="absent", ann_file="https://example.org/labels.json"), "train_dataloader")


def test_all_that_is_missing_is_listed(tmp_path):
    (tmp_path / "images").mkdir()
    given = config(data_root=str(tmp_path), ann_file="labels.json", data_prefix={"img": "images", "seg": "masks"})
    with pytest.raises(
        InputError, match=r"no .*/labels\.json, no .*/masks; get the data, or give its data_root"
    ) as raised:
        require_annotation(given, "train_dataloader")
    assert "images" not in str(raised.value)
    with pytest.raises(InputError, match="has no val_dataloader"):
        require_annotation(given, "val_dataloader")


@pytest.mark.parametrize("name", ["actorsup_shufflenet_puppets.py", "demo_puppets.py", "actorsup_vgg16_thumos13.py"])
def test_what_a_shipped_config_names_is_found_from_an_empty_folder(tmp_path, monkeypatch, name):
    monkeypatch.chdir(tmp_path)
    proposal_config = proposal_config_of(load_config(shipped_folder("configs") / name))
    ours = [
        proposal_config.detector["config"],
        *([proposal_config.detector["checkpoint"]] if "puppets" in name else []),
    ]
    assert all(path.startswith("mmdet::") or Path(path).is_file() for path in ours)


def test_files_of_the_working_directory_and_of_options_are_looked_for_too(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    small = "actorsup/trackers/checkpoints/siamese_small_generated.pth"
    (tmp_path / "config.py").write_text(f"parts = [dict(checkpoint='{small}'), dict(weights='IMAGENET1K_V1')]")
    loaded = load_config("config.py", options={"load_from": small})
    assert Path(loaded.load_from).is_file()
    assert Path(loaded.parts[0].checkpoint).is_file()
    assert loaded.parts[1].weights == "IMAGENET1K_V1"
    (tmp_path / small).parent.mkdir(parents=True)
    (tmp_path / small).touch()
    assert load_config("config.py").parts[0].checkpoint == small


@pytest.mark.parametrize("suffix", ["", ".py"])
@pytest.mark.parametrize("name", ["actorsup_vgg16_thumos13", "detectors/ssd_shufflenet_puppets"])
def test_a_shipped_config_is_loaded_by_its_name_from_every_directory(tmp_path, monkeypatch, name, suffix):
    monkeypatch.chdir(tmp_path)
    config = load_config(f"{name}{suffix}")
    assert config.filename == str(REPOSITORY / "configs" / f"{name}.py")
    assert config.work_dir == f"work_dirs/{name.split('/')[-1]}"


def test_a_file_comes_before_the_shipped_config_of_its_name(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "demo_puppets.py").write_text("work_dir = 'mine'")
    assert load_config("demo_puppets.py").work_dir == "mine"


@pytest.mark.parametrize(
    ("name", "similar"),
    [
        ("actorsup_vgg16_thumos", "; similar names: actorsup_vgg16_thumos13, "),
        ("configs/demo_pupets.py", "; similar names: demo_puppets"),
        ("ssd_shufflenet_puppets", "; similar names: .*detectors/ssd_shufflenet_puppets"),
        ("_base_/models/actorsup_vgg16", ""),
        ("../pyproject", ""),
        ("x", ""),
    ],
)
def test_an_unknown_name_is_answered_with_similar_ones(name, similar):
    with pytest.raises(InputError, match=f"^{name}: no such config{similar}.*; `actorsup config --list` shows all"):
        load_config(name)


def test_options_have_the_values_that_mmengine_reads():
    assert parse_options([]) == {}
    given = ["a.b=1", "c=[x,(1,2.5)]", "d=x=y", "e=None", "f=true", "g="]
    assert parse_options(given) == {
        "a.b": 1,
        "c": ["x", (1, 2.5)],
        "d": "x=y",
        "e": None,
        "f": True,
        "g": "",
    }


@pytest.mark.parametrize(
    ("option", "message"),
    [
        ("lr", "expected KEY=VALUE"),
        ("size=(5,5", "the value cannot be read"),
        ("size=f(5,5)", "the value cannot be read"),
        ("reader=dict(type='X')", "a value is no dict; give its settings: reader.name=value"),
        ("reader=dict(type='X',a=1)", "a value is no dict"),
        ("readers=[dict(type='X'),1]", "a value is no dict; lists of parts go into the config"),
        ("reader={'type':'X'}", "a value is no dict"),
    ],
)
def test_options_that_cannot_be_read_are_named(option, message):
    with pytest.raises(InputError, match=f"^--cfg-options {re.escape(option)}: {message}"):
        parse_options(["a=1", option])


def test_an_option_inside_a_setting_that_has_none_is_named(tmp_path):
    path = tmp_path / "config.py"
    path.write_text("train_cfg = dict(max_epochs=3)\ncustom_hooks = [dict(type='A')]")
    for name in ("train_cfg.max_epochs.x", "custom_hooks.7.x"):
        with pytest.raises(InputError, match=f"^--cfg-options {name}: cannot be set in {path}"):
            load_config(path, options={name: 1})


def test_a_run_writes_its_config_without_laying_it_out(monkeypatch):
    def slow(*_, **__):
        raise AssertionError("yapf takes seconds, at every checkpoint")

    monkeypatch.setattr("yapf.yapflib.yapf_api.FormatCode", slow)
    loaded = load_config("demo_puppets")
    text = copy.deepcopy(loaded).pretty_text
    assert Config.fromstring(text, ".py").to_dict() == loaded.to_dict()


def test_a_base_that_ships_needs_no_clone_and_one_beside_the_file_comes_first(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "mine.py").write_text('_base_ = ["configs/demo_puppets.py"]\nmodel = dict(head=dict(num_classes=3))\n')
    assert load_config("mine.py").model.head.num_classes == 3
    assert load_config("mine.py").proposals.root == "work_dirs/demo/proposals"
    (tmp_path / "configs").mkdir()
    (tmp_path / "configs" / "demo_puppets.py").write_text("model = dict(head=dict(topk=2))\n")
    assert load_config("mine.py").model.head == {"topk": 2, "num_classes": 3}
    (tmp_path / "wrong.py").write_text('_base_ = ["configs/demo_pupets.py"]\n')
    with pytest.raises(InputError, match=r"configs/demo_pupets\.py"):
        load_config("wrong.py")


def test_the_modules_of_a_users_own_parts_are_found_beside_the_config_that_names_them(tmp_path, monkeypatch):
    monkeypatch.setattr(sys, "path", list(sys.path))
    for folder in ("mine", "variants", "here"):
        (tmp_path / folder).mkdir()
    (tmp_path / "mine" / "parts_beside_it.py").write_text("")
    (tmp_path / "mine" / "config.py").write_text("custom_imports = dict(imports=['parts_beside_it'])")
    (tmp_path / "variants" / "config.py").write_text("_base_ = '../mine/config.py'")
    (tmp_path / "here" / "parts_of_the_working_directory.py").write_text("")
    monkeypatch.chdir(tmp_path / "here")
    load_config("../variants/config.py")
    assert sys.modules.pop("parts_beside_it").__file__ == str(tmp_path / "mine" / "parts_beside_it.py")
    config = tmp_path / "variants" / "other.py"
    config.write_text("custom_imports = dict(imports=['parts_of_the_working_directory'])")
    load_config(config)
    assert sys.modules.pop("parts_of_the_working_directory").__file__.startswith(str(tmp_path / "here"))
    assert sys.path[-2:] == [str(tmp_path / "mine"), str(tmp_path / "here")]


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("no_such_parts", "No module named 'no_such_parts'. A module of your own is looked for beside the config, in"),
        ("parts_without", "No module named 'numpy.no_such_module'. A module of your own is"),
        ("parts_that_fail", "ZeroDivisionError: division by zero"),
    ],
)
def test_a_module_that_cannot_be_imported_is_one_message(tmp_path, monkeypatch, name, message):
    monkeypatch.setattr(sys, "path", list(sys.path))
    (tmp_path / "parts_without.py").write_text("import numpy.no_such_module")
    (tmp_path / "parts_that_fail.py").write_text("1 / 0")
    path = tmp_path / "config.py"
    path.write_text(f"custom_imports = dict(imports='{name}')")
    with pytest.raises(InputError) as raised:
        load_config(path)
    assert str(raised.value).startswith(f"{path}: custom_imports=['{name}']: {message}")
    assert "\n" not in str(raised.value)


def test_a_command_for_what_is_missing_names_a_shipped_config_as_commands_take_it(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(InputError, match=r"Make them: actorsup proposals actorsup_vgg16_thumos13\n"):
        require_files(with_proposals(load_config("actorsup_vgg16_thumos13")), "train_dataloader")
    (tmp_path / "mine.py").write_text("_base_ = 'configs/actorsup_vgg16_thumos13.py'")
    with pytest.raises(InputError, match=r"Make them: actorsup proposals mine\.py$"):
        require_files(with_proposals(load_config("mine.py")), "train_dataloader")


STEPS = [
    {"type": "SampleFrames"},
    {"type": "DecodeFrames"},
    {"type": "AttachTubes"},
    {"type": "ResizeFrames", "size": (96, 64)},
    {"type": "PackVideo"},
]


def of_steps(*names, **settings) -> Config:
    steps = [next(step for step in [*STEPS, {"type": name}] if step["type"] == name) for name in names]
    return Config({"train_dataloader": {"dataset": {"type": "AnnotatedVideos", "pipeline": steps}}, **settings})


NAMES = [step["type"] for step in STEPS]


def test_kept_frames_stand_for_decoding_and_resizing_and_the_other_way_round():
    config = of_steps(*NAMES, frame_cache={"root": "frames", "max_gigabytes": 3})
    cached = with_frame_cache(config)
    kept = {"type": "ReadCachedFrames", "size": (96, 64), "folder": "frames", "max_gigabytes": 3}
    assert cached.train_dataloader.dataset.pipeline == [STEPS[0], STEPS[2], kept, STEPS[4]]
    assert config.train_dataloader.dataset.pipeline == STEPS
    assert with_frame_cache(cached).train_dataloader == cached.train_dataloader
    cached.frame_cache = None
    undone = with_frame_cache(cached).train_dataloader.dataset.pipeline
    assert undone == [STEPS[0], STEPS[2], STEPS[1], STEPS[3], STEPS[4]]
    assert with_frame_cache(of_steps(*NAMES)).train_dataloader.dataset.pipeline == STEPS


@pytest.mark.parametrize(
    "names",
    [
        ["SampleFrames", "DecodeFrames", "AttachTubes", "PackVideo"],
        ["SampleFrames", "DecodeFrames", "AttachTubes", "FlipFrames", "ResizeFrames", "PackVideo"],
        ["SampleFrames", "DecodeFrames", "AttachTubes", "ResizeFrames", "ResizeFrames", "PackVideo"],
        ["SampleFrames", "ResizeFrames", "AttachTubes", "DecodeFrames", "PackVideo"],
    ],
    ids="-".join,
)
def test_a_pipeline_whose_frames_cannot_be_kept_is_told(names):
    with pytest.raises(InputError, match=r"the training pipeline is SampleFrames, .*frame_cache=None goes without"):
        with_frame_cache(of_steps(*names, frame_cache={"root": "frames"}))


@pytest.mark.parametrize(
    "wrong", [5, {"root": None}, {"root": 5}, {}, {"root": "frames", "size": 3}, "frames"], ids=str
)
def test_wrong_settings_of_kept_frames_are_told(wrong):
    with pytest.raises(InputError, match="frame_cache needs root, a folder, and takes max_gigabytes; got"):
        with_frame_cache(of_steps(*NAMES, frame_cache=wrong))
