import os
import sys
from types import ModuleType

import pytest

from actorsup.cli.doctor import Check, check_config, check_environment, check_weights, named_weights, print_checks
from actorsup.detectors.mmcv_compatibility import SubstituteOperators, provide_mmcv_operators
from tests.toy import make_toy, run_tool


def by_name(checks) -> dict[str, Check]:
    assert all(check.works != bool(check.remedy) for check in checks)
    return {check.name: check for check in checks}


def test_what_the_tests_need_works_here():
    checks = by_name(check_environment())
    assert [check.found for check in checks.values() if check.needed and not check.works] == []
    assert checks["Python"].found.startswith(".".join(map(str, sys.version_info[:3])))
    assert checks["video decoder, .mp4 mp4v"].found == "5 frames written and read"


def test_a_library_that_cannot_be_imported_is_named_with_the_command(monkeypatch):
    monkeypatch.setitem(sys.modules, "mmdet", None)
    monkeypatch.setitem(sys.modules, "pandas", None)
    checks = by_name(check_environment())
    assert checks["mmcv"].works
    assert "mmdet" in checks["mmdet"].found
    assert checks["mmdet"].remedy.startswith(f"{sys.executable} -m pip install")
    assert not checks["pandas, for tables"].needed


@pytest.mark.parametrize("extension", [None, SubstituteOperators()])
def test_operators_that_mmcv_was_built_without_are_no_defect(monkeypatch, extension):
    monkeypatch.setitem(sys.modules, "mmcv._ext", extension)
    checks = by_name(check_environment())
    check = checks["operators of mmcv"]
    assert (check.works, check.needed) == (False, False)
    assert "few detectors need them" in check.found
    assert "--no-build-isolation" in check.remedy
    assert "onedl-mmcv" in check.remedy


def test_operators_that_mmcv_has_are_named(monkeypatch):
    compiled = ModuleType("mmcv._ext")
    compiled.__file__ = "_ext.so"
    monkeypatch.setitem(sys.modules, "mmcv._ext", compiled)
    assert by_name(check_environment())["operators of mmcv"].found == "built"


def test_what_is_there_and_does_the_wrong_thing_is_found(monkeypatch):
    import cv2
    import torch

    provide_mmcv_operators()
    import mmcv.ops

    from actorsup.ops import ops as library

    monkeypatch.setattr(sys, "version_info", (3, 10, 1))
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "get_device_name", lambda: "a GPU")
    monkeypatch.setattr(torch, "ones", lambda *arguments, **options: torch.zeros(8))
    monkeypatch.setattr(library, "UNUSABLE", "the operator was not built")
    monkeypatch.setattr(mmcv.ops, "nms", lambda boxes, scores, threshold: (boxes, torch.tensor([0, 1])))
    monkeypatch.setattr(cv2.VideoWriter, "isOpened", lambda writer: False)
    checks = by_name(check_environment())
    for name, found in {
        "Python": "3.10.1, 3.11 or later is needed",
        "GPU": "a GPU sums eight twos to 0.0",
        "operator of actorsup": "the operator was not built; pooling runs in plain PyTorch",
        "operator of actorsup, CUDA": "not built",
        "non-maximum suppression": "keeps [0, 1] of two equal boxes",
        "video decoder, .avi MJPG": "cannot write such a file",
    }.items():
        assert found in checks[name].found, name


def test_an_operator_and_a_decoder_that_give_wrong_numbers_are_found(monkeypatch):
    import torch

    import actorsup.io
    import actorsup.ops

    monkeypatch.setattr(actorsup.ops, "actor_roi_pool3d", lambda *arguments: torch.zeros(2))
    monkeypatch.setattr(actorsup.io, "open_video", lambda path: iter(()))
    checks = by_name(check_environment())
    assert "pools a map of sevens to [0.0, 0.0]" in checks["operator of actorsup"].found
    assert "read were []" in checks["video decoder, .avi MJPG"].found


@pytest.fixture
def toy(tmp_path, monkeypatch):
    monkeypatch.syspath_prepend(str(tmp_path))
    return make_toy(tmp_path)


def test_data_is_counted_and_missing_proposals_name_the_command(toy):
    options = ["proposals.linker=viterbi"]
    checks = by_name(check_config(str(toy), options))
    assert checks["data, train_dataloader"].found == "4 videos"
    assert "6 of 6 videos have none" in checks["proposals"].found
    command = checks["proposals"].remedy.removeprefix("actorsup proposals ").split()
    assert command == [str(toy), "--cfg-options", *options]
    assert run_tool("generate_proposals", *command, root=toy.parent).returncode == 0
    assert by_name(check_config(str(toy), options))["proposals"].found.endswith("all of 6 videos")


def test_missing_data_says_what_belongs_where(toy):
    (toy.parent / "pyannot.pkl").unlink()
    checks = by_name(check_config(str(toy)))
    assert "pyannot.pkl: no such file" in checks["data, test_dataloader"].found
    assert checks["data, test_dataloader"].remedy.endswith("test_dataloader.dataset.data_root=FOLDER")
    assert checks["proposals"].found == "of videos that are not there, see data"


def test_a_config_that_cannot_be_read_is_one_line(tmp_path):
    (absent,) = check_config(str(tmp_path / "absent.py"))
    assert (absent.works, "no such config" in absent.found, "actorsup config --list" in absent.remedy) == (
        False,
        True,
        True,
    )
    broken = tmp_path / "broken.py"
    broken.write_text("model = (")
    (check,) = check_config(str(broken))
    assert check.remedy == f"fix {broken}"


def test_data_of_trackers_and_their_sequences_is_looked_at(tmp_path):
    config = tmp_path / "config.py"
    pairs = "dict(type='SequencePairs', sequences=dict(type='ALOV', root='absent'), num_pairs=3)"
    config.write_text(
        f"train_dataloader = dict(dataset={pairs})\nsequences = dict(own=dict(type='SequenceFolder', root='nowhere'))"
    )
    checks = by_name(check_config(str(config)))
    assert "absent: no such folder" in checks["data, train_dataloader"].found
    assert checks["data, train_dataloader"].remedy.endswith("train_dataloader.dataset.sequences.root=FOLDER")
    assert "nowhere: no such folder" in checks["data, sequences.own"].found


def test_data_that_is_generated_is_there(tmp_path):
    config = tmp_path / "config.py"
    config.write_text("train_dataloader = dict(dataset=dict(type='GeneratedPairs', num_pairs=7))")
    assert by_name(check_config(str(config)))["data, train_dataloader"].found == "7 samples"


def test_annotation_of_other_datasets_is_looked_at(tmp_path):
    config = tmp_path / "config.py"
    for file, works in (("labels.json", False), ("config.py", True)):
        config.write_text(
            f"train_dataloader = dict(dataset=dict(type='CocoDataset', data_root={str(tmp_path)!r}, ann_file={file!r}))"
        )
        assert by_name(check_config(str(config)))["data, train_dataloader"].works == works


def test_weights_are_found_in_parts_of_parts():
    settings = {"type": "A", "tracker": {"network": {"backbone": {"name": "resnet18", "weights": "IMAGENET1K_V1"}}}}
    (weights,) = named_weights(settings, "linker")
    assert weights == ("linker.tracker.network.backbone.weights", "IMAGENET1K_V1", "resnet18")


def test_weights_are_a_file_a_download_or_missing(tmp_path, monkeypatch):
    monkeypatch.setenv("TORCH_HOME", str(tmp_path))
    file = tmp_path / "weights.pth"
    file.write_bytes(b"")
    assert check_weights("model.weights", str(file), "vgg16").works
    assert check_weights("model.weights", str(tmp_path), "a folder of transformers").works
    missing = check_weights("model.weights", "absent.pth", "vgg16")
    assert (missing.works, missing.remedy) == (False, "get it, or say where it is: --cfg-options model.weights=PATH")
    unset = check_weights("model.weights", "set_the_environment_variable_DATA/a.pth", "no network")
    assert unset.remedy == "export DATA=FOLDER"
    unset = check_weights("model.weights", "set_the_environment_variable_CLIP", "no network")
    assert unset.remedy == "export CLIP=FILE"
    named = "model.weights", "IMAGENET1K_V1", "vgg16"
    before = check_weights(*named)
    assert (before.works, before.needed) == (False, False)
    target = before.remedy.split()[before.remedy.split().index("--output") + 1]
    os.makedirs(os.path.dirname(target))
    (tmp_path / "hub" / "checkpoints" / os.path.basename(target)).write_bytes(b"")
    assert check_weights(*named).works
    assert not check_weights("detector.checkpoint", "https://example.org/a.pth", "vgg16").works


def test_a_config_inside_mmdet_is_looked_up_there():
    assert check_weights("detector.config", "mmdet::yolox/yolox_nano_8xb8-300e_coco.py", "vgg16").works
    absent = check_weights("detector.config", "mmdet::absent.py", "vgg16")
    assert absent.remedy == "give one of mmdet's configs, or the path of another"


CHECKS = [Check("a", True, "1.0"), Check("b", False, "gone", "get b"), Check("c", False, "none", "get c", needed=False)]


@pytest.mark.parametrize("with_rich", [True, False])
def test_every_check_and_remedy_is_printed_with_and_without_rich(capsys, monkeypatch, with_rich):
    if not with_rich:
        monkeypatch.setitem(sys.modules, "rich.console", None)
    print_checks("title", CHECKS)
    printed = capsys.readouterr().out
    for words in ("title", "1.0", "gone", "FAILS", "missing", "b (FAILS):\n    get b", "c (not needed):\n    get c"):
        assert words in printed


def test_the_tools_exit_code_says_whether_something_needed_fails(toy):
    assert run_tool("doctor", root=toy.parent).returncode == 0
    output = run_tool("doctor", toy, root=toy.parent)
    assert output.returncode == 1
    assert "actorsup proposals" in output.stdout
