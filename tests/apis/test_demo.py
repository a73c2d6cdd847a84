import json

import pytest

from tests.toy import REPOSITORY, run_tool

CONFIG = """
_base_ = "{repository}/configs/demo_puppets.py"
data_root = "{root}/puppets"
puppets = dict(
    root=data_root,
    settings=dict(size=(96, 72), num_frames=(5, 6), num_textures=6),
    sizes=dict(train_videos=1, test_videos=1),
)
proposals = dict(root="{root}/proposals")
train_dataloader = dict(num_workers=0, dataset=dict(data_root=data_root))
test_dataloader = dict(num_workers=0, dataset=dict(data_root=data_root))
train_cfg = dict(max_epochs=1)
work_dir = "{root}/work"
"""


@pytest.fixture(scope="module")
def root(tmp_path_factory):
    root = tmp_path_factory.mktemp("demo")
    (root / "demo.py").write_text(CONFIG.format(repository=REPOSITORY, root=root))
    return root


def test_the_demo_ends_with_its_tables_and_gives_the_same_numbers_again(root):
    numbers = []
    for _ in range(2):
        output = run_tool("demo", root / "demo.py", root=root)
        assert output.returncode == 0, output.stderr[-3000:]
        for shown in ("siamese", "viterbi", "recall@0.2", "mAP@0.5", f"pictures: {root}/work/pictures"):
            assert shown in output.stdout
        numbers.append(json.loads((root / "work" / "test_metrics.json").read_text())["metrics"])
    assert numbers[0] == numbers[1]
    measured = json.loads((root / "work" / "proposal_metrics.json").read_text())
    assert measured.keys() == {"ssd/siamese", "ssd/viterbi"}
    assert len(list((root / "work" / "pictures").glob("**/*.png"))) == 6
