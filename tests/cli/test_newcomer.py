"""What a newcomer is likely to get wrong: each is one message that says what to do, and nothing is lost or begun."""

import shutil
import subprocess
import sys

import pytest
import torch
from mmengine.optim import build_optim_wrapper
from mmengine.registry import DefaultScope

from actorsup.cli.running import run
from actorsup.registry import LINKERS, MODELS
from tests.toy import REPOSITORY, make_toy, run_tool

TRAINS = "train toy_config.py"
FILES = {
    "not_closed.py": "model = dict(head=dict(num_classes=2)\n",
    "no_base.py": '_base_ = "not_there.py"\n',
    "goalkeeper.py": """
_base_ = "toy_config.py"
proposals = dict(detector="ssd", detectors=dict(ssd=dict(
    type="ActorDetector", config="{repository}/configs/detectors/ssd_shufflenet_puppets.py",
    checkpoint="actorsup/detectors/checkpoints/ssd_shufflenet_puppets.pth", actors=("goalkeeper",))))
""",
    "stored.py": """
_base_ = "toy_config.py"
features = dict(root="features", draws=1)
model = dict(encoder=dict(_delete_=True, type="FrozenEncoder", encoder=dict(
    type="TorchvisionEncoder", name="squeezenet1_1", node="features.4", padding=4)))
""",
    "pointer.pth": "version https://git-lfs.github.com/spec/v1\nsize 12345\n",
}

# The command, what its message must hold, and what it must say to do about it.
MISTAKES = {
    "no data": (
        "train {configs}/actorsup_vgg16_thumos13.py",
        "data/thumos13/splits/trainlist01.txt: no such file",
        "actorsup_vgg16_thumos13.py say which commands come first",
    ),
    "the wrong folder": (
        f"{TRAINS} --cfg-options train_dataloader.dataset.data_root=elsewhere",
        "elsewhere/videos: no videos",
        "There belong the videos of the 24 classes",
    ),
    "a folder without classes": (
        "convert_dataset folder proposals/color/detections --out made.json",
        "proposals/color/detections: holds no class/video",
        "without a suffix of a video (.avi, .mp4",
    ),
    "no proposals yet": (
        f"{TRAINS} --cfg-options proposals.linker=viterbi",
        "color/tubes_viterbi: no proposals",
        "actorsup proposals toy_config.py",
    ),
    "no features yet": ("train stored.py", "features/train: no features", "actorsup extract-features "),
    "no weights and no network": (
        f"{TRAINS} --cfg-options model.encoder.weights=IMAGENET1K_V1",
        "could not download the weights IMAGENET1K_V1 of squeezenet1_1",
        "give its path by `weights=PATH`",
    ),
    "weights that are not there": (
        f"{TRAINS} --cfg-options model.encoder.weights=absent.pth",
        "weights 'absent.pth': there is no such file",
        "give an existing file",
    ),
    "one class": (
        f"{TRAINS} --cfg-options train_dataloader.dataset.classes=[Basketball] model.head.num_classes=1",
        "the training dataset has one class, Basketball",
        "Add videos of another action",
    ),
    "another number of classes": (
        f"{TRAINS} --cfg-options model.head.num_classes=24",
        "the model has 24 classes, the training dataset 2 (Basketball, Biking)",
        "set model.head.num_classes=2",
    ),
    "the channels of another encoder": (
        f"{TRAINS} --cfg-options model.head.in_channels=512",
        "the head expects features of shape (512, 5, 5) of a tube, encoder and pooling give (128, 5, 5)",
        "model.head.in_channels is the first number",
    ),
    "a config that is not there": ("train actorsup_vgg16_thumos14", "no such config", "actorsup_vgg16_thumos13"),
    "a config that is no Python": ("train not_closed.py", "not_closed.py: cannot be read as a config", "never closed"),
    "a base that is not there": ("train no_base.py", "no_base.py: cannot be read as a config", "not_there.py"),
    "a mistyped setting": (
        f"{TRAINS} --cfg-options optim_wraper.lr=3",
        "--cfg-options optim_wraper.lr",
        "neither toy_config.py nor mmengine's Runner has this setting",
    ),
    "an option without a value": (f"{TRAINS} --cfg-options justaword", "justaword", "expected KEY=VALUE"),
    "a mistyped linker": (
        "generate_proposals toy_config.py --cfg-options proposals.linker=viterbo",
        "proposals.linker='viterbo'",
        "['siamese', 'viterbi']",
    ),
    "an actor that the detector does not know": (
        "generate_proposals goalkeeper.py",
        "actor 'goalkeeper' is no category of the detector",
        "which knows: person",
    ),
    "no checkpoint": ("test toy_config.py absent.pth", "absent.pth: no such checkpoint", "work directory"),
    "a pointer instead of a checkpoint": (
        "test toy_config.py pointer.pth",
        "pointer.pth of the config's model was not written by torch.save: it begins with b'version https://git-'",
        "Was it downloaded whole",
    ),
    "nothing to go on from": (f"{TRAINS} --resume", "--resume: there is no checkpoint in", "to go on from"),
    "a report of nothing": ("report proposals", "proposals: holds no results", "begin with `actorsup train`"),
}
# All others are found before anything is written.
FOUND_BY_THE_MODEL = ("the channels of another encoder", "no weights and no network", "weights that are not there")


@pytest.fixture(scope="module")
def project(tmp_path_factory):
    """A toy project with proposals, and what somebody has beside it."""
    root = tmp_path_factory.mktemp("newcomer")
    config = make_toy(root)
    assert run_tool("generate_proposals", config, root=root).returncode == 0
    for name, text in FILES.items():
        (root / name).write_text(text.replace("{repository}", str(REPOSITORY)))
    return root


@pytest.mark.parametrize("mistake", MISTAKES)
def test_a_mistake_is_one_message_with_what_to_do(project, monkeypatch, mistake):
    command, what, remedy = (part.format(configs=REPOSITORY / "configs") for part in MISTAKES[mistake])
    monkeypatch.setenv("TORCH_HOME", str(project / "torch"))  # where no weights were downloaded before
    monkeypatch.setenv("https_proxy", "http://127.0.0.1:9")  # no network
    shutil.rmtree(project / "work", ignore_errors=True)
    tool, *arguments = command.split()
    output = run_tool(tool, *arguments, root=project)
    assert output.returncode == 2, output.stdout + output.stderr
    assert (project / "work").exists() == (mistake in FOUND_BY_THE_MODEL)
    message = output.stderr[output.stderr.index("error: ") :]
    assert what in message
    assert remedy in message
    assert "Traceback" not in output.stderr


def test_mixed_precision_without_a_gpu_is_refused(project):
    if torch.cuda.is_available():
        pytest.skip("there is a GPU here")
    output = run_tool("train", "toy_config.py", "--amp", root=project)
    assert (output.returncode, "--amp needs a GPU" in output.stderr) == (2, True)


def head(**settings):
    return MODELS.build({"type": "TopKAttentionHead", "in_channels": 8, "num_classes": 2, **settings})


def optimizer():
    with DefaultScope.overwrite_default_scope("actorsup"):
        build_optim_wrapper(torch.nn.Linear(2, 2), {"type": "OptimWrapper", "optimizer": {"type": "SDG", "lr": 1.0}})


@pytest.mark.parametrize(
    ("build", "message"),
    [
        (lambda: LINKERS.build({"type": "SiamseLinker"}), "there is no linker 'SiamseLinker'; similar: SiameseLinker"),
        (lambda: head(type="TopKHead"), "there is no model 'TopKHead'; similar: TopKAttentionHead"),
        (optimizer, "there is no optimizer 'SDG'; similar: SGD"),
        (lambda: head(toppk=3), "TopKAttentionHead has no setting 'toppk'; similar: topk"),
        (lambda: head(normalise=True), "TopKAttentionHead has no setting 'normalise'; similar: normalize"),
        (lambda: head(qqqqqq=True), "TopKAttentionHead has no setting 'qqqqqq'\n"),
    ],
)
def test_a_mistyped_part_or_setting_is_answered_with_those_that_are_similar(build, message, capsys):
    assert run(build) == 2
    printed = capsys.readouterr().err
    assert printed.startswith(f"error: config: {message}")
    assert ("custom_imports=dict(imports=" in printed) == ("there is no" in message)
    assert printed.count("\n") == 1


@pytest.mark.parametrize(
    ("error", "message"),
    [
        (
            torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 20 GiB.\nmore"),
            "the GPU's memory is too small",
        ),
        (RuntimeError("[enforce fail] DefaultCPUAllocator: can't allocate memory"), "memory is too small"),
        (MemoryError(), "memory is too small (MemoryError)"),
    ],
)
def test_memory_that_is_too_small_is_one_message(error, message, capsys):
    def work():
        raise error

    assert run(work) == 2
    printed = capsys.readouterr().err
    assert printed.startswith(f"error: {message}")
    assert "batch_size" in printed
    assert ("--amp" in printed) == ("GPU" in message)
    assert printed.count("\n") == 1


def test_what_is_said_of_memory_is_true_of_a_real_allocation(capsys):
    assert run(lambda: torch.empty(10**15)) == 2
    assert "memory is too small" in capsys.readouterr().err


def test_a_package_that_is_not_installed_is_named_with_the_command(project, monkeypatch):
    encoder = {"type": "TimmEncoder", "name": "resnet18", "weights": "package://no_such_weights/model.pth"}
    monkeypatch.setitem(sys.modules, "timm", None)
    with pytest.raises(ValueError, match=r"pip install 'actorsup\[timm\]'"):
        MODELS.build(encoder)
    monkeypatch.undo()
    with pytest.raises(ValueError, match="pip install no-such-weights"):
        MODELS.build(encoder).init_weights()


def test_a_variable_that_is_not_set_is_named(project, monkeypatch):
    monkeypatch.delenv("ACTORSUP_DATA", raising=False)
    done = subprocess.run(
        [sys.executable, "-m", "actorsup", "doctor", "actorsup_squeezenet_thumos13_clips"],
        cwd=project,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode != 0
    assert "set_the_environment_variable_ACTORSUP_DATA" in done.stdout + done.stderr
