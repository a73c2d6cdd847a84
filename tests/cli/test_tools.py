"""The four commands, run as a user runs them."""

import csv
import json
import re
import shutil
import socket

import numpy as np
import pytest
import torch
from PIL import Image

from tests.conftest import write_video
from tests.toy import NUM_FRAMES, REPOSITORY, frames_of, make_toy, run_processes, run_tool, start_tool


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """A toy project on which the four commands were run, the first with both linkers; with what each printed."""
    root = tmp_path_factory.mktemp("toy")
    config = make_toy(root)
    outputs = {
        "generate": run_tool("generate_proposals", config, root=root),
        "viterbi": run_tool("generate_proposals", config, "--cfg-options", "proposals.linker=viterbi", root=root),
        "eval": run_tool("eval_proposals", config, root=root),
        "train": run_tool("train", config, root=root),
        "test": run_tool(
            "test", config, root / "work" / "epoch_3.pth", "--show-dir", root / "overlays", "--diagnose", root=root
        ),
    }
    return root, config, outputs


def test_every_command_ends_well(trained):
    for name, output in trained[2].items():
        assert output.returncode == 0, f"{name}: {output.stdout[-3000:]} {output.stderr[-3000:]}"


def test_the_console_says_what_happens_and_the_log_file_has_the_rest(trained):
    root, _, outputs = trained
    said = "".join(log.read_text() for log in (root / "work").glob("2*/*.log"))  # one, where both began in one second
    for of_mmengine in ("Hooks will be executed", "System environment"):
        assert said.count(of_mmengine) == 2
    for name in ("train", "test"):
        console = outputs[name].stdout + outputs[name].stderr
        for of_mmengine in ("Hooks will be executed", "System environment", "paramwise_options", "SyncBatchNorm"):
            assert of_mmengine not in console
        assert f"Epoch({name})" in console
        assert len(console.splitlines()) < 100
    assert "Saving checkpoint at 3 epochs" in outputs["train"].stdout


def test_a_moving_picture_shows_what_was_found(trained, tmp_path):
    root, out = trained[0], tmp_path / "found.webp"
    done = run_tool("figures/found_tubes", root / "work", out, "--columns", "2", "--frames", "5", root=root)
    assert (done.returncode, done.stdout) == (0, f"{out}: {out.stat().st_size / 1e6:.2f} MB\n")
    with Image.open(out) as picture:
        assert (picture.size, picture.n_frames) == ((2 * 96, 64), 5)  # the best video of each of two classes
        before = np.asarray(picture.convert("RGB"), dtype=int)
        picture.seek(4)
        assert np.abs(np.asarray(picture.convert("RGB"), dtype=int) - before).max() > 100  # squares move, and boxes
    missing = run_tool("figures/found_tubes", tmp_path, out, root=root)
    assert missing.returncode == 2
    assert "predictions.json: no such file" in missing.stderr


@pytest.mark.slow
def test_pictures_of_how_it_works_and_of_all_that_is_written_are_made_of_any_run(trained, tmp_path):
    root, config, _ = trained
    video = "Biking/v_Biking_g01_c01"
    done = run_tool("figures/how_it_works", config, root / "work" / "epoch_3.pth", video, tmp_path, root=root)
    assert done.returncode == 0, done.stderr
    unknown = run_tool("figures/how_it_works", config, root / "work" / "epoch_3.pth", "absent", tmp_path, root=root)
    assert (unknown.returncode, f"which has Basketball/v_Basketball_g01_c01, {video}" in unknown.stderr) == (2, True)
    done = run_tool("figures/gallery", config, root / "work", tmp_path, root=root)
    assert done.returncode == 0, done.stderr
    made = {path.stem for path in tmp_path.glob("*.webp")} - {"report"}  # where there is a browser
    assert made == {
        *("linking", "pooling", "attention"),
        *("dataset_sheet", "diagnosis", "overlay", "proposal_curves", "recall_per_class"),
    }
    nothing = run_tool("figures/gallery", config, tmp_path / "empty", tmp_path, root=root)
    assert (nothing.returncode, "holds no trained model" in nothing.stderr) == (2, True)


def test_every_number_lands_in_the_work_directory(trained):
    root, _, outputs = trained
    measured = json.loads((root / "work" / "proposal_metrics.json").read_text())["color/siamese"]["metrics"]
    assert measured["recall@0.5"] == 1.0
    assert f"{measured['mabo']:.4f}" in outputs["eval"].stdout
    tested = json.loads((root / "work" / "test_metrics.json").read_text())
    assert tested["measured"].endswith("epoch_3.pth")
    assert {"mAP@0.2", "mAP@0.5", "recall@0.5", "accuracy"} <= tested["metrics"].keys()
    assert {"mAP@0.2/voc", "mAP@0.2/spatial", "localization@0.2"} <= tested["metrics"].keys()
    for value in tested["metrics"].values():
        assert f"{value:.4f}" in outputs["test"].stdout


def test_protocols_stand_side_by_side_and_classes_below_each_other(trained):
    root, _, outputs = trained
    tested = json.loads((root / "work" / "test_metrics.json").read_text())
    numbers, tables = tested["metrics"], tested["tables"]
    assert list(tables) == [
        "mAP by protocol",
        "AP by class, act",
        "frame mAP by protocol",
        "frame AP by class, act",
        "diagnosis of true tubes, IoU 0.5",
        "diagnosis of detections, IoU 0.5",
    ]
    assert tables["mAP by protocol"][0] == {
        "IoU": "0.2",
        "act": numbers["mAP@0.2"],
        **{name: numbers[f"mAP@0.2/{name}"] for name in ("voc", "multisports", "yowo", "spatial")},
    }
    assert [row["class"] for row in tables["AP by class, act"]] == ["Basketball", "Biking"]
    assert tables["AP by class, act"][1]["AP@0.5"] == numbers["AP@0.5/Biking"]
    assert [row["IoU"] for row in tables["mAP by protocol"]] == ["0.2", "0.5", "0.75", "0.5:0.95"]
    assert tables["frame mAP by protocol"][0]["act"] == numbers["frame_mAP@0.5"]
    for title in tables:
        assert title in outputs["test"].stdout


def test_summary_and_tables_are_files_to_paste_and_to_read(trained):
    root, _, outputs = trained
    numbers = json.loads((root / "work" / "test_metrics.json").read_text())["metrics"]
    summary = (root / "work" / "summary.txt").read_text()
    assert summary in outputs["test"].stdout
    assert f"video mAP  act @[ IoU=0.5:0.95 ] = {100 * numbers['mAP@0.5:0.95']:5.1f}" in summary
    assert f"frame mAP  act @[ IoU=0.5      ] = {100 * numbers['frame_mAP@0.5']:5.1f}" in summary
    with open(root / "work" / "tables" / "ap_by_class_act.csv") as file:
        rows = list(csv.DictReader(file))
    assert [row["class"] for row in rows] == ["Basketball", "Biking"]
    assert float(rows[1]["AP@0.5"]) == numbers["AP@0.5/Biking"]
    assert {"recall@0.5", "AP@0.5:0.95", "num_ground_truth"} <= rows[0].keys()
    assert (root / "work" / "tables" / "frame_ap_by_class_act.csv").is_file()


def test_diagnosis_is_kept_with_an_entry_for_each_video(trained):
    root, _, _ = trained
    (diagnosis,) = json.loads((root / "work" / "diagnosis.json").read_text())["diagnoses"]
    assert (diagnosis["threshold"], diagnosis["protocol"], diagnosis["background"]) == (0.5, "act", 0.1)
    assert diagnosis["classes"] == ["Basketball", "Biking"]
    assert list(diagnosis["videos"]) == ["Basketball/v_Basketball_g01_c01", "Biking/v_Biking_g01_c01"]
    reasons = [tube["reason"] for video in diagnosis["videos"].values() for tube in video["true_tubes"]]
    counts = {row["true tubes"]: row["number"] for row in diagnosis["true_tubes"]}
    assert {reason: reasons.count(reason) for reason in reasons} == {
        name: count for name, count in counts.items() if count and name != "all missed"
    }
    assert (root / "work" / "diagnosis.png").read_bytes().startswith(b"\x89PNG")


def test_what_the_model_says_of_each_video_is_kept(trained):
    root, _, _ = trained
    kept = json.loads((root / "work" / "predictions.json").read_text())
    assert kept["classes"] == ["Basketball", "Biking"]
    assert [video["path"] for video in kept["videos"]] == [
        str(root / "videos" / f"{video['video']}.avi") for video in kept["videos"]
    ]
    assert [video["labels"] for video in kept["videos"]] == [[0], [1]]
    accuracy = np.mean([np.argmax(video["video_scores"]) in video["labels"] for video in kept["videos"]])
    assert accuracy == json.loads((root / "work" / "test_metrics.json").read_text())["metrics"]["accuracy"]
    for video in kept["videos"]:
        (true,) = video["true_tubes"]
        assert len(true["boxes"]) == NUM_FRAMES
        assert 1 <= len(video["tubes"]) <= 8


def test_a_report_says_what_is_missing_and_how_to_get_it(trained, tmp_path):
    root, config, _ = trained
    only_proposals = tmp_path / "proposals"
    run_tool("eval_proposals", config, "--work-dir", only_proposals, root=root)
    output = run_tool("report", root / "work", only_proposals, "--out", tmp_path / "page.html", root=root)
    assert output.returncode == 0, output.stderr[-3000:]
    assert "proposals: not there yet: curves of the training: actorsup train CONFIG" in output.stdout
    assert "work: not there yet" not in output.stdout
    assert (tmp_path / "page.html").stat().st_size < 20e6
    assert run_tool("report", root / "work", root=root).returncode == 0
    assert (root / "work" / "report.html").is_file()
    refused = run_tool("report", tmp_path / "absent", root=root)
    assert (refused.returncode, refused.stderr.count("\n")) == (2, 1)


def test_a_training_is_validated_and_drawn_by_config(trained, tmp_path):
    root, config, _ = trained
    watched = tmp_path / "watched.py"
    watched.write_text(
        f"""_base_ = ["{config}"]
val_dataloader = _base_.test_dataloader
val_evaluator = _base_.test_evaluator
val_cfg = dict()
train_cfg = dict(max_epochs=2, val_interval=1)
video = "Biking/v_Biking_g01_c01"
custom_hooks = [dict(type="TubeOverlayHook", folder="{tmp_path}/pictures", videos=[video], to_visualizer=True)]
"""
    )
    output = run_tool("train", watched, "--work-dir", tmp_path / "work", root=root)
    assert output.returncode == 0, output.stderr[-3000:]
    pictures = sorted(str(path.relative_to(tmp_path)) for path in (tmp_path / "pictures").glob("**/*.png"))
    assert pictures == [f"pictures/epoch_{epoch}/Biking/v_Biking_g01_c01.png" for epoch in (1, 2)]
    assert len(list((tmp_path / "work").glob("*/vis_data/vis_image/Biking-v_Biking_g01_c01_*.png"))) == 2
    (log,) = (tmp_path / "work").glob("*/vis_data/scalars.json")
    rows = [json.loads(line) for line in log.read_text().splitlines()]
    assert [row["step"] for row in rows if "mAP@0.5" in row] == [1, 2]
    watched.write_text(watched.read_text().replace("Biking/v_Biking_g01_c01", "nobody"))
    output = run_tool("train", watched, "--work-dir", tmp_path / "again", root=root)
    assert output.returncode == 2
    assert "videos has nobody, which is not among the 2 videos" in output.stderr


def test_a_diverged_training_ends_with_one_message(trained, tmp_path):
    root, config, _ = trained
    options = ["optim_wrapper.optimizer.lr=1e30", "optim_wrapper.clip_grad=None"]
    output = run_tool("train", config, "--work-dir", tmp_path, "--cfg-options", *options, root=root)
    assert output.returncode == 2
    assert "the training has diverged" in output.stderr
    assert "Traceback" not in output.stderr


def test_post_processing_is_named_in_the_config(trained, tmp_path):
    root, config, _ = trained
    changed = tmp_path / "changed.py"
    changed.write_text(
        f'_base_ = ["{config}"]\n'
        'model = dict(post_processing=[dict(type="TemporalTrimming"), dict(type="TubeNMS", threshold=0.3)])\n'
    )
    pictures = tmp_path / "pictures"
    arguments = ("--work-dir", tmp_path, "--show-dir", pictures)
    output = run_tool("test", changed, root / "work" / "epoch_3.pth", *arguments, root=root)
    assert output.returncode == 0, output.stderr[-3000:]
    assert len(list(pictures.glob("*/*.png"))) == 2
    before, after = (
        json.loads((folder / "test_metrics.json").read_text())["metrics"] for folder in (root / "work", tmp_path)
    )
    assert after["recall@0.5"] == before["recall@0.5"]  # of the proposals
    assert "missed@0.5/ranked_low" not in after  # nobody asked for a diagnosis


def test_several_stores_are_measured_side_by_side_and_drawn(trained):
    root, config, _ = trained
    (siamese,) = root.glob("**/tubes_siamese")
    stores = [siamese, siamese.with_name("tubes_viterbi")]
    out = root / "compared"
    output = run_tool("eval_proposals", config, *stores, "--out", out, root=root)
    assert output.returncode == 0, output.stderr
    measured = json.loads((out / "proposal_metrics.json").read_text())
    assert measured.keys() == {"color/siamese", "color/viterbi"}
    for entry in measured.values():
        assert f"{entry['metrics']['mabo']:.4f}" in output.stdout
        assert entry["metrics"]["recall@0.5"] == next(
            row["recall"] for row in entry["curves"] if row["curve"] == "overlap" and row["x"] == 0.5
        )
    assert (out / "proposal_curves.csv").read_text().startswith("store,curve,x,recall\n")
    for picture in ("proposal_curves.png", "proposal_recall_per_class.png"):
        assert (out / picture).read_bytes().startswith(b"\x89PNG")


def test_stores_that_cannot_be_compared_are_named(trained, tmp_path):
    root, config, _ = trained
    (store,) = root.glob("**/tubes_siamese")
    lacking = tmp_path / store.parent.name / store.name
    shutil.copytree(store, lacking)
    for arguments, message in (
        ((tmp_path / "absent",), "no store of tubes"),
        ((store, lacking), "both named 'color/siamese'"),
    ):
        output = run_tool("eval_proposals", config, *arguments, root=root)
        assert output.returncode == 2
        assert message in output.stderr
    for file in lacking.glob("**/*.npz"):
        file.unlink()
    output = run_tool("eval_proposals", config, lacking, root=root)
    assert output.returncode == 2
    assert "Make them: actorsup proposals" in output.stderr


def test_a_head_in_a_users_own_file_is_what_was_trained(trained):
    root = trained[0]
    assert "MedianHead" in next((root / "work").glob("*/vis_data/config.py")).read_text()
    assert "MedianHead" in min((root / "work").glob("2*/*.log")).read_text()
    lines = next((root / "work").glob("*/vis_data/scalars.json")).read_text().splitlines()
    losses = [json.loads(line)["loss_action"] for line in lines if "loss_action" in line]
    assert len(losses) == 6  # 3 epochs of 2 batches
    assert np.isfinite(losses).all()


UPPER_BOUND = """
_base_ = "toy_config.py"
train_pipeline = [*_base_.train_pipeline[:-1], dict(type="LabelTubes"), _base_.train_pipeline[-1]]
train_dataloader = dict(dataset=dict(true_tubes=True, pipeline=train_pipeline))
model = dict(head=dict(type="SupervisedTubeHead"))
"""
WHOLE_FRAME = """
_base_ = "toy_config.py"
train_pipeline = [
    dict(type="AttachWholeFrame") if step["type"] == "AttachTubes" else step for step in _base_.train_pipeline
]
train_dataloader = dict(dataset=dict(pipeline=train_pipeline))
model = dict(head=dict(type="SoftmaxAttentionHead"))
"""


@pytest.mark.parametrize("lines", [UPPER_BOUND, WHOLE_FRAME], ids=["upper bound", "whole frame"])
def test_what_the_method_is_compared_with_is_trained_and_tested_by_a_few_lines_over_its_config(
    trained, tmp_path, lines
):
    root, _, _ = trained
    config = root / "compared.py"
    config.write_text(lines)
    output = run_tool("train", config, "--work-dir", tmp_path, root=root)
    assert output.returncode == 0, output.stderr[-3000:]
    output = run_tool("test", config, tmp_path / "epoch_3.pth", "--work-dir", tmp_path, root=root)
    assert output.returncode == 0, output.stderr[-3000:]
    metrics = json.loads((tmp_path / "test_metrics.json").read_text())["metrics"]
    assert 0 <= metrics["mAP@0.5"] <= 1


def test_pictures_of_the_best_tubes_are_drawn(trained):
    pictures = sorted((trained[0] / "overlays").glob("*/*.png"))
    assert [picture.stem for picture in pictures] == ["v_Basketball_g01_c01", "v_Biking_g01_c01"]


def test_done_proposals_are_kept_and_detections_are_shared_by_linkers(trained):
    root, config, outputs = trained
    again = run_tool("generate_proposals", config, root=root)
    assert (again.returncode, "0 videos done now, 6 were done already" in again.stdout) == (0, True)
    assert "6 videos done now" in outputs["viterbi"].stdout
    assert sorted(path.name for path in (root / "proposals" / "color").iterdir()) == [
        "detections",
        "tubes_siamese",
        "tubes_viterbi",
    ]


def test_proposals_of_another_configuration_are_an_error_that_names_it(trained):
    root, config, _ = trained
    output = run_tool("train", config, "--cfg-options", "proposals.linkers.siamese.max_tubes=3", root=root)
    assert output.returncode == 2
    assert re.search(r"linker\.max_tubes: absent there, 3 here", output.stderr)
    assert "Traceback" not in output.stderr


def test_training_goes_on_where_it_stopped(trained):
    root, config, _ = trained
    output = run_tool("train", config, "--resume", "--cfg-options", "train_cfg.max_epochs=4", root=root)
    assert output.returncode == 0, output.stderr[-3000:]
    assert "Epoch(train) [4]" in output.stdout + output.stderr
    assert "Epoch(train) [1]" not in output.stdout + output.stderr


def test_the_same_seed_gives_the_same_weights(trained, tmp_path):
    root, config, _ = trained
    output = run_tool("train", config, "--work-dir", tmp_path, root=root)
    assert output.returncode == 0, output.stderr[-3000:]
    first, second = (
        torch.load(folder / "epoch_3.pth", weights_only=False)["state_dict"] for folder in (root / "work", tmp_path)
    )
    assert first.keys() == second.keys()
    assert all(torch.equal(first[name], second[name]) for name in first)


@pytest.mark.slow
def test_two_processes_make_the_same_proposals_as_one(trained, tmp_path):
    root, config, _ = trained
    output = run_processes(
        "generate_proposals",
        config,
        *("--launcher", "pytorch", "--cfg-options", f"proposals.root={tmp_path}"),
        root=root,
        num_processes=2,
    )
    assert output.returncode == 0, output.stderr[-3000:]
    assert output.stdout.count("6 videos done now") == 1
    assert_same_stores(root / "proposals", tmp_path)


def assert_same_stores(first, second):
    """Detections and tubes of Algorithm 1: the same files with the same bytes."""
    stores = ("detections", "tubes_siamese")
    files, others = (
        {
            path.relative_to(root): path.read_bytes()
            for store in stores
            for path in (root / "color" / store).rglob("*.*")
        }
        for root in (first, second)
    )
    assert len(files) == 2 * (6 + 1)  # a manifest each
    assert files == others


@pytest.mark.slow
def test_processes_that_slurm_started_make_the_same_proposals_on_cpus(trained, tmp_path):
    root, config, _ = trained
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = str(free.getsockname()[1])
    job = {"SLURM_NTASKS": "2", "SLURM_NNODES": "1", "SLURM_NODELIST": "node", "MASTER_PORT": port}
    arguments = ("--launcher", "slurm", "--cfg-options", f"proposals.root={tmp_path}")
    processes = [
        start_tool(
            *("generate_proposals", config, *arguments),
            root=root,
            environment={**job, "SLURM_PROCID": rank, "SLURM_LOCALID": rank},
        )
        for rank in ("0", "1")
    ]
    outputs = [process.communicate(timeout=120) for process in processes]
    assert [process.returncode for process in processes] == [0, 0], outputs
    assert ["6 videos done now" in printed for printed, _ in outputs] == [True, False]
    assert_same_stores(root / "proposals", tmp_path)


@pytest.mark.parametrize(
    ("tool", "option", "message"),
    [
        ("generate_proposals", "proposals.linkers.siamese.max_tubes=0", "SiameseLinker: expected max_tubes >= 1"),
        (
            "train",
            "model.head.ranking=best",
            "MedianHead: ranking must be a config such as dict(type='RelativeRanking')",
        ),
    ],
)
def test_a_value_that_a_part_refuses_is_one_message_that_names_the_part(trained, tmp_path, tool, option, message):
    root, config, _ = trained
    options = ["--cfg-options", option] if tool == "train" else ["--cfg-options", option, f"proposals.root={tmp_path}"]
    output = run_tool(tool, config, "--work-dir", tmp_path, *options, root=root)
    assert output.returncode == 2
    assert f"error: config: {message}" in output.stderr
    assert "Traceback" not in output.stderr


def test_slurm_without_srun_is_one_message(trained):
    root, config, _ = trained
    output = run_tool("generate_proposals", config, "--launcher", "slurm", root=root)
    assert output.returncode == 2
    assert "SLURM_PROCID" in output.stderr
    assert "Traceback" not in output.stderr


def test_a_checkpoint_of_another_model_is_refused(trained):
    root, config, _ = trained
    output = run_tool(
        "test", config, root / "work" / "epoch_3.pth", "--cfg-options", "model.head.num_classes=5", root=root
    )
    assert output.returncode == 2
    assert "does not fit the config's model" in output.stderr
    assert "head.classifier.weight" in output.stderr
    assert "Traceback" not in output.stderr


def test_the_papers_config_without_data_says_what_is_missing_and_writes_nothing(tmp_path):
    config = REPOSITORY / "configs" / "actorsup_vgg16_thumos13.py"
    output = run_tool("train", config, root=tmp_path)
    assert output.returncode == 2
    message = output.stderr
    for part in (
        "data/thumos13/splits/trainlist01.txt",
        "data/thumos13/videos",
        "UCF101",
        "data/thumos13/proposals/ssd300/tubes_siamese",
        "actorsup proposals",
    ):
        assert part in message
    assert "Traceback" not in message
    assert output.stdout == ""
    assert list(tmp_path.iterdir()) == []


def test_bad_videos_are_listed_and_the_good_ones_go_on(tmp_path):
    config = make_toy(tmp_path)
    videos = sorted((tmp_path / "videos").glob("*/*.avi"))
    empty, truncated, dark, single = videos[:4]
    empty.write_bytes(b"")
    truncated.write_bytes(truncated.read_bytes()[: truncated.stat().st_size // 2])
    write_video(dark, np.full((12, 64, 96, 3), 30, np.uint8))
    write_video(single, frames_of("Biking", num_frames=1))
    output = run_tool("generate_proposals", config, root=tmp_path)
    assert output.returncode == 1
    assert "4 videos done now" in output.stdout
    assert re.search(rf"failed: \w+/{empty.stem}: .*cannot be opened", output.stdout)
    assert re.search(rf"failed: \w+/{truncated.stem}: .*damaged or cut off", output.stdout)
    assert re.search(rf"1 without any detection: \w+/{dark.stem}", output.stdout)
    report = json.loads((tmp_path / "work" / "proposal_generation.json").read_text())
    assert len(report["failed"]) == 2
    assert len(report["made"]) == 4
    # What has no proposals stops training with their names; without those the rest trains, the dark video left out.
    stopped = run_tool("train", config, root=tmp_path)
    assert stopped.returncode == 2
    assert truncated.stem in stopped.stderr
    for name in ("trainlist01.txt", "testlist01.txt"):
        path = tmp_path / "splits" / name
        lines = [
            line for line in path.read_text().splitlines() if empty.stem not in line and truncated.stem not in line
        ]
        path.write_text("\n".join(lines) + "\n")
    rest = run_tool("train", config, "--cfg-options", "train_cfg.max_epochs=1", root=tmp_path)
    assert rest.returncode == 0, rest.stderr[-3000:]


def test_a_damaged_proposal_file_is_named(trained, tmp_path):
    root, config, _ = trained
    folder = tmp_path / "store"
    shutil.copytree(root / "proposals" / "color" / "tubes_siamese", folder)
    damaged = sorted(folder.glob("*/*.npz"))[0]
    damaged.write_bytes(b"damaged")
    options = [f"{loader}_dataloader.dataset.tube_store={folder}" for loader in ("train", "test")]
    output = run_tool("test", config, root / "work" / "epoch_3.pth", "--cfg-options", *options, root=root)
    assert output.returncode == 2
    assert "damaged" in output.stderr
    assert damaged.name in output.stderr


@pytest.mark.slow
def test_two_processes_train_and_test(trained, tmp_path):
    root, config, _ = trained
    options = {"root": root, "num_processes": 2}
    common = ("--launcher", "pytorch", "--work-dir", tmp_path)
    output = run_processes("train", config, *common, "--cfg-options", "train_cfg.max_epochs=1", **options)
    assert output.returncode == 0, output.stderr[-3000:]
    output = run_processes("test", config, tmp_path / "epoch_1.pth", *common, **options)
    assert output.returncode == 0, output.stderr[-3000:]
    assert output.stdout.count("frame mAP by protocol") == 1  # one table, of the main process


def test_what_a_loader_process_finds_wrong_is_one_message_too(trained, tmp_path):
    root, config, _ = trained
    shutil.copytree(root / "videos", tmp_path / "videos")
    broken = tmp_path / "videos" / "Biking" / "v_Biking_g01_c01.avi"
    broken.write_bytes(b"")
    options = [f"test_dataloader.dataset.video_prefix={tmp_path / 'videos'}", "test_dataloader.num_workers=1"]
    output = run_tool("test", config, root / "work" / "epoch_3.pth", "--cfg-options", *options, root=root)
    assert output.returncode == 2
    assert re.search(r"error: .*v_Biking_g01_c01\.avi: cannot be opened", output.stderr)
    assert "Traceback" not in output.stderr


def test_a_part_that_cannot_be_built_is_no_bad_video_and_can_be_fixed(tmp_path):
    config = make_toy(tmp_path)
    wrong = "proposals.linkers.siamese.tracker.checkpoint=absent.pth"
    output = run_tool("generate_proposals", config, "--cfg-options", wrong, root=tmp_path)
    assert output.returncode == 2
    assert "absent.pth of SiameseTracker: no such file" in output.stderr
    assert run_tool("generate_proposals", config, root=tmp_path).returncode == 0


@pytest.mark.parametrize("change", ["another model", "other names", "another order"])
def test_resuming_onto_another_training_says_the_differences(trained, tmp_path, change):
    root, config, _ = trained
    checkpoint = torch.load(root / "work" / "epoch_3.pth", weights_only=False)
    classes = list(checkpoint["meta"]["dataset_meta"]["classes"])
    if change == "another model":
        checkpoint["state_dict"]["head.classifier.weight"] = torch.zeros(3, 3)
    else:
        renamed = ["Juggling", *classes[1:]] if change == "other names" else classes[::-1]
        checkpoint["meta"]["dataset_meta"]["classes"] = tuple(renamed)
    torch.save(checkpoint, tmp_path / "epoch_3.pth")
    (tmp_path / "last_checkpoint").write_text(str(tmp_path / "epoch_3.pth"))
    output = run_tool("train", config, "--resume", "--work-dir", tmp_path, root=root)
    assert output.returncode == 2
    expected = (
        "head.classifier.weight (" if change == "another model" else f"class 0 is {renamed[0]} there, {classes[0]} here"
    )
    assert expected in output.stderr
    assert "Traceback" not in output.stderr


@pytest.mark.parametrize("device", ["cuda:7", "gpu"])
def test_a_device_that_is_not_there_is_one_message(trained, tmp_path, device):
    root, config, _ = trained
    video = next((root / "videos").rglob("*.avi"))
    arguments = (video, "--config", config, "--checkpoint", root / "work" / "epoch_3.pth", "--device", device)
    output = run_tool("localize", *arguments, "--out", tmp_path, root=root)
    assert output.returncode == 2
    assert re.search(rf"device '{device}' cannot be used here \(.*\); leave it out, or choose cpu", output.stderr)
    assert "Traceback" not in output.stderr


def test_a_damaged_annotation_file_is_one_message(trained, tmp_path):
    root, config, _ = trained
    (tmp_path / "damaged.json").write_text('{"format": "actorsup.videos"')
    text = (
        '_base_ = "{}"\n'
        'dataset = dict(_delete_=True, type="AnnotatedVideos", data_root="{}", ann_file="{}")\n'
        "train_dataloader = dict(dataset=dict(**dataset, pipeline=_base_.train_pipeline))\n"
    )
    (root / "damaged_config.py").write_text(text.format(config, root, tmp_path / "damaged.json"))
    output = run_tool("train", root / "damaged_config.py", "--work-dir", tmp_path / "new", root=root)
    assert output.returncode == 2
    assert "damaged.json" in output.stderr
    assert "Traceback" not in output.stderr


@pytest.mark.parametrize("learnable", [True, False])
def test_a_training_that_stays_at_chance_is_warned_of_and_one_that_learns_is_not(trained, tmp_path, learnable):
    root, config, _ = trained
    videos = root
    if not learnable:  # both classes show the same
        videos = tmp_path / "alike"
        shutil.copytree(root / "videos", videos / "videos")
        for path in videos.glob("videos/Biking/*.avi"):
            write_video(path, frames_of("Basketball"))
    repeated = root / f"repeated_{learnable}.py"
    repeated.write_text(
        f'_base_ = "{config}"\n'
        "dataset = _base_.train_dataloader.dataset\n"
        f'dataset.update(video_prefix="{videos / "videos"}")\n'
        'train_dataloader = dict(dataset=dict(_delete_=True, type="RepeatDataset", times=20, dataset=dataset))\n'
        "train_cfg = dict(max_epochs=2)\n"
    )
    output = run_tool("train", repeated, "--work-dir", tmp_path / "work", root=root)
    assert output.returncode == 0, output.stderr[-3000:]
    assert output.stdout.count("the model is no better than chance") == (0 if learnable else 1)
