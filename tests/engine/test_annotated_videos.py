"""A folder of videos, labelled by its folders alone, from the files to the accuracy; then with true tubes to mAP."""

import json

from actorsup.datasets.formats import THUMOS13, VideoFolder, write_videos_file
from tests.toy import make_toy, run_tool

CONFIG = """
_base_ = "{base}"
dataset = dict(_delete_=True, type="AnnotatedVideos", data_root="{root}", ann_file="{ann_file}")
train_dataloader = dict(dataset=dict(**dataset, split="train", pipeline=_base_.train_pipeline))
test_dataloader = dict(
    dataset=dict(**dataset, split="test", pipeline=_base_.test_pipeline, test_mode={test_mode})
)
"""


def succeed(*arguments, root):
    output = run_tool(*arguments, root=root)
    assert output.returncode == 0, f"{output.stdout[-3000:]} {output.stderr[-3000:]}"


def test_labels_of_folders_train_and_test_a_model_and_true_tubes_measure_it(tmp_path):
    toy = make_toy(tmp_path)
    write_videos_file(tmp_path / "folder.json", VideoFolder(tmp_path / "videos", test_share=0.3).read())
    folder = tmp_path / "folder.py"
    text = CONFIG.format(base=toy, root=tmp_path, ann_file="folder.json", test_mode=False)
    folder.write_text(text + 'test_evaluator = [dict(type="VideoAccuracy")]\n')
    succeed("generate_proposals", folder, root=tmp_path)
    succeed("train", folder, "--cfg-options", "train_cfg.max_epochs=1", root=tmp_path)
    succeed("test", folder, tmp_path / "work" / "epoch_1.pth", root=tmp_path)
    assert json.loads((tmp_path / "work" / "test_metrics.json").read_text())["metrics"].keys() == {"accuracy"}

    write_videos_file(tmp_path / "toy.json.gz", THUMOS13(data_root=tmp_path).read())
    tubes = tmp_path / "tubes.py"
    tubes.write_text(CONFIG.format(base=toy, root=tmp_path, ann_file="toy.json.gz", test_mode=True))
    # Its labels count from 0 to 23; the toy's model knows two of the classes.
    options = ("--cfg-options", "train_dataloader.dataset.classes=[Basketball,Biking]")
    options += ("test_dataloader.dataset.classes=[Basketball,Biking]",)
    succeed("test", tubes, tmp_path / "work" / "epoch_1.pth", *options, root=tmp_path)
    measured = json.loads((tmp_path / "work" / "test_metrics.json").read_text())["metrics"]
    assert measured["recall@0.5"] == 1.0
    assert "mAP@0.5" in measured
