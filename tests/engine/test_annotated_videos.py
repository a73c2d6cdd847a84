"""A folder of videos, labelled by its folders alone, from the files to the accuracy; then with true tubes to mAP.

And videos that show several classes, or none.
"""

import json
from dataclasses import replace

import numpy as np

from actorsup.datasets.formats import THUMOS13, VideoCollection, VideoFolder, write_videos_file
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


LABELS = {
    "Basketball/v_Basketball_g08_c01": (0, 1),
    "Basketball/v_Basketball_g09_c01": (0,),
    "Biking/v_Biking_g08_c01": (),
    "Biking/v_Biking_g09_c01": (0, 1),
    "Basketball/v_Basketball_g01_c01": (0, 1),
    "Biking/v_Biking_g01_c01": (),
}


def relabelled(collection: VideoCollection) -> VideoCollection:
    """Videos of both classes, which their one actor shows, of one class, and of none."""
    collection, videos = collection.with_classes(["Basketball", "Biking"]), []
    for video in collection.videos:
        shown = LABELS[video.video]
        tubes = tuple(replace(tube, label=label) for tube in video.tubes for label in shown)
        videos.append(replace(video, labels=shown, tubes=tubes))
    return replace(collection, videos=tuple(videos))


def test_videos_of_several_classes_and_of_none_train_and_test_a_model(tmp_path):
    toy = make_toy(tmp_path)
    write_videos_file(tmp_path / "several.json", relabelled(THUMOS13(data_root=tmp_path).read()))
    several = tmp_path / "several.py"
    text = CONFIG.format(base=toy, root=tmp_path, ann_file="several.json", test_mode=True)
    metrics = ("VideoAccuracy", "VideoLabelMAP", "LocalizationGivenLabel", "TubeMAP")
    several.write_text(text + f"test_evaluator = [{', '.join(f'dict(type={name!r})' for name in metrics)}]\n")
    succeed("generate_proposals", several, root=tmp_path)

    refused = run_tool("train", several, "--cfg-options", "train_cfg.max_epochs=1", root=tmp_path)
    assert refused.returncode == 2
    assert "MedianHead takes one a video: give it multi_label=True" in refused.stderr
    options = ("--cfg-options", "model.head.multi_label=True", "train_cfg.max_epochs=3")
    succeed("train", several, *options, root=tmp_path)
    succeed("test", several, tmp_path / "work" / "epoch_3.pth", *options[:2], root=tmp_path)

    results = json.loads((tmp_path / "work" / "test_metrics.json").read_text())
    assert {"accuracy", "label_mAP", "localization@0.5", "mAP@0.5"} <= results["metrics"].keys()
    # The one video that has labels is right whatever class is its best one, and its one tube is the actor.
    assert (results["metrics"]["accuracy"], results["metrics"]["localization@0.5"]) == (1, 1)
    kept = json.loads((tmp_path / "work" / "predictions.json").read_text())
    assert {video["video"]: tuple(video["labels"]) for video in kept["videos"]} == dict(list(LABELS.items())[4:])
    scores = np.array([video["video_scores"] for video in kept["videos"]])
    assert not np.allclose(scores.sum(axis=1), 1, atol=1e-3)  # each class by itself
    precisions = [1 if of_class[0] > of_class[1] else 1 / 2 for of_class in scores.T]
    assert results["metrics"]["label_mAP"] == np.mean(precisions)
    (rows,) = (rows for title, rows in results["tables"].items() if title == "labels of videos")
    assert [(row["class"], row["videos"], row["AP"]) for row in rows] == [
        ("Basketball", 1, precisions[0]),
        ("Biking", 1, precisions[1]),
    ]
    succeed("report", tmp_path / "work", root=tmp_path)
    succeed("check_dataset", several, root=tmp_path)
