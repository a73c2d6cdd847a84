"""Video files in, JSON and rendered videos out: in this process, and as a user runs the tool."""

import json
import re
import signal
import sys

import numpy as np
import pytest

from actorsup.apis import ActionInferencer, load_localization, localize_videos
from actorsup.apis.localize import TrueTubes
from actorsup.apis.long_videos import cut
from actorsup.engine import load_config
from actorsup.errors import InputError
from actorsup.io import open_video
from actorsup.structures import tube_iou
from actorsup.visualization import video_file
from tests.conftest import write_video
from tests.running import ctrl_c_is_heard, wait_for
from tests.toy import REPOSITORY, frames_of, make_toy, run_tool, start_tool, untrained_checkpoint


@pytest.fixture(scope="module")
def toy(tmp_path_factory):
    """Folder of the toy project, and what finds its actions."""
    root = tmp_path_factory.mktemp("toy")
    path = make_toy(root)
    sys.path.insert(0, str(root))
    config = load_config(path, options={"proposals.linker": "viterbi"})
    yield (
        root,
        ActionInferencer(config, untrained_checkpoint(config, root / "untrained.pth"), "cpu", window=8, overlap=2),
    )
    sys.path.remove(str(root))


def names(folder) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_a_corrupt_video_among_good_ones_is_reported_and_the_others_are_done(toy, tmp_path):
    localizer = toy[1]
    good = [write_video(tmp_path / f"{name}.avi", frames_of("Biking")) for name in ("a", "c")]
    truncated = tmp_path / "b.avi"
    truncated.write_bytes(good[0].read_bytes()[: good[0].stat().st_size // 2])
    absent = tmp_path / "absent.avi"
    report = localize_videos(localizer, [good[0], truncated, absent, good[1]], tmp_path / "out")
    assert list(report.localized) == [str(path) for path in good]
    assert "damaged or cut off" in report.failed[str(truncated)]
    assert "no such video" in report.failed[str(absent)]
    assert names(tmp_path / "out") == ["a.json", "a.mp4", "c.json", "c.mp4"]
    found = load_localization(tmp_path / "out" / "a.json")
    assert found.as_dict() == report.localized[str(good[0])].as_dict()
    assert len(found.tubes[0].tube) == 12
    assert len(open_video(tmp_path / "out" / "a.mp4").read_all()) == 12


def test_only_the_best_are_written(toy, tmp_path):
    video = write_video(tmp_path / "a.avi", frames_of("Biking"))
    for options, count in (({"top": 0}, 0), ({"min_score": 1.1}, 0), ({"top": None}, 1)):
        localize_videos(toy[1], [video], tmp_path / "out", **options)
        assert len(load_localization(tmp_path / "out" / "a.json").tubes) == count


def test_true_tubes_are_drawn_dashed_and_white(toy, tmp_path):
    root, localizer = toy
    truth = TrueTubes.read(localizer.config, root / "pyannot.pkl")
    video = root / "videos" / "Biking" / "v_Biking_g01_c01.avi"
    (drawn,) = truth.drawn(video, (96, 64))
    assert (drawn.caption, drawn.dashed, drawn.color) == ("Biking", True, (255, 255, 255))
    np.testing.assert_allclose(drawn.tube.boxes[:, 0], 4 + 2 * np.arange(12), atol=0.5)
    assert truth.drawn(tmp_path / "unknown.avi", (96, 64)) == []
    pictures = []
    for given in (truth, None):
        localize_videos(localizer, [video], tmp_path / "out", top=0, truth=given)
        pictures.append(open_video(tmp_path / "out" / "v_Biking_g01_c01.mp4").read_all()[0])
    white = [(picture[: 64 * 7] > 200).all(axis=2).sum() for picture in pictures]
    assert white[0] > 100 > white[1]


def test_people_of_a_real_clip_are_found_where_they_are(data_root, tmp_path):
    options = {"proposals.linker": "viterbi"}
    config = load_config(REPOSITORY / "configs" / "actorsup_squeezenet_thumos13_clips.py", options=options)
    classes = TrueTubes.read(config, data_root / "thumos13" / "pyannot.pkl").classes
    localizer = ActionInferencer(
        config, untrained_checkpoint(config, tmp_path / "a.pth", classes), window=24, overlap=8
    )
    clip = data_root / "thumos13" / "clips" / "Fencing" / "v_Fencing_g01_c06.mp4"
    found = localizer(list(open_video(clip).frames_at(range(40))))
    truth = TrueTubes.read(config, data_root / "thumos13" / "pyannot.pkl").drawn(clip, found.size)
    tubes = [cut(drawn.tube, 0, 40) for drawn in truth]
    assert {each.actor for each in found.tubes} == {"person"}
    assert tube_iou([each.tube for each in found.tubes], tubes).max() > 0.5


def test_names_that_would_meet_are_refused_before_anything_is_written(toy, tmp_path):
    first, second = (write_video(tmp_path / name / "a.avi", frames_of("Biking")) for name in ("x", "y"))
    with pytest.raises(InputError, match=r"would both become a\.mp4"):
        localize_videos(toy[1], [first, second], tmp_path / "out")
    own = tmp_path / "own" / "a.mp4"
    with video_file(own, (96, 64), 25) as write:
        write(frames_of("Biking")[0])
    with pytest.raises(InputError, match=r"a\.mp4: would be replaced by what is drawn of it"):
        localize_videos(toy[1], [own], own.parent)
    assert names(own.parent) == ["a.mp4"]
    assert not (tmp_path / "out").exists()


def test_a_wrong_setting_is_not_taken_for_bad_videos(toy, tmp_path):
    root = toy[0]
    config = load_config(root / "toy_config.py", options={"proposals.linkers.siamese.tracker.checkpoint": "absent.pth"})
    localizer = ActionInferencer(config, root / "untrained.pth", "cpu")
    video = write_video(tmp_path / "a.avi", frames_of("Biking"))
    with pytest.raises(InputError, match=r"absent\.pth of SiameseTracker: no such file"):
        localize_videos(localizer, [video], tmp_path / "out")


def test_truth_needs_a_dataset_that_reads_it(toy):
    config = load_config(toy[0] / "toy_config.py")
    config.test_dataloader = None
    with pytest.raises(InputError, match=r"has no test_dataloader, whose dataset would read truth\.pkl"):
        TrueTubes.read(config, "truth.pkl")


def test_an_interruption_while_rendering_leaves_no_half_video(toy, tmp_path, monkeypatch):
    video = write_video(tmp_path / "a.avi", frames_of("Biking"))

    def interrupted(*arguments):
        raise KeyboardInterrupt

    monkeypatch.setattr("actorsup.visualization.videos.draw_tubes", interrupted)
    with pytest.raises(KeyboardInterrupt):
        localize_videos(toy[1], [video], tmp_path / "out")
    assert names(tmp_path / "out") == ["a.json"]


@pytest.fixture(scope="module")
def commands(tmp_path_factory):
    """The tools as a user runs them: proposals, an epoch of training, then a good video and a corrupt one."""
    root = tmp_path_factory.mktemp("commands")
    config = make_toy(root)
    viterbi = ("--cfg-options", "proposals.linker=viterbi")
    broken = root / "broken.avi"
    broken.write_bytes(b"no video")
    checkpoint = root / "work" / "epoch_1.pth"
    good = root / "videos" / "Biking" / "v_Biking_g01_c01.avi"
    common = ("--config", config, "--checkpoint", checkpoint, "--out", root / "out")
    outputs = [
        run_tool("generate_proposals", config, *viterbi, root=root),
        run_tool("train", config, *viterbi, "train_cfg.max_epochs=1", root=root),
        run_tool(
            *("localize", good, broken, *common, "--top", 1, "--annotation", root / "pyannot.pkl", *viterbi), root=root
        ),
    ]
    assert [output.returncode for output in outputs] == [0, 0, 1], outputs
    return root, common, good, outputs[-1]


def test_the_tool_writes_what_it_can_and_names_the_rest(commands):
    root, _, _, output = commands
    assert names(root / "out") == ["v_Biking_g01_c01.json", "v_Biking_g01_c01.mp4"]
    values = json.loads((root / "out" / "v_Biking_g01_c01.json").read_text())
    assert len(values["tubes"]) == 1
    assert f"{values['tubes'][0]['score']:.4f}" in output.stdout
    assert re.search(r"failed: .*broken\.avi: .*cannot be opened as a video", output.stdout)
    assert "Traceback" not in output.stderr


WAITING = """
_base_ = ["toy_config.py"]
custom_imports = dict(imports=["toy_parts", "waiting_reader"])
reader = dict(type="WaitingReader")
train_dataloader = dict(dataset=dict(reader=reader))
test_dataloader = dict(dataset=dict(reader=reader))
"""
WAITING_READER = """
import time
from pathlib import Path

from actorsup.io import PyAVReader
from actorsup.registry import VIDEO_READERS


@VIDEO_READERS.register_module()
class WaitingReader(PyAVReader):
    def __iter__(self):
        for frame in super().__iter__():
            if list(Path("interrupted").glob("*.tmp")):
                Path("drawing").touch()
                time.sleep(600)
            yield frame
"""


@pytest.mark.slow
def test_ctrl_c_while_a_video_is_drawn_leaves_whole_files_alone(commands):
    root, common, _, _ = commands
    (root / "waiting_config.py").write_text(WAITING)
    (root / "waiting_reader.py").write_text(WAITING_READER)
    video = write_video(root / "long.avi", np.tile(frames_of("Biking"), (25, 1, 1, 1)))
    options = ("--config", root / "waiting_config.py", "--cfg-options", "proposals.linker=viterbi")
    with ctrl_c_is_heard():
        process = start_tool("localize", video, *common, "--out", "interrupted", *options, root=root)
    wait_for(root / "drawing", process)
    process.send_signal(signal.SIGINT)
    _, printed = process.communicate(timeout=60)
    assert (process.returncode, "interrupted" in printed) == (130, True)
    assert names(root / "interrupted") == ["long.json"]


def test_the_tool_refuses_a_checkpoint_of_another_model_in_one_message(commands):
    root, common, good, _ = commands
    options = ("--cfg-options", "proposals.linker=viterbi", "model.head.num_classes=5")
    output = run_tool("localize", good, *common, *options, root=root)
    assert output.returncode == 2
    assert "head.classifier.weight ((2, 3200) there, (5, 3200) here)" in output.stderr
    assert "Traceback" not in output.stderr
