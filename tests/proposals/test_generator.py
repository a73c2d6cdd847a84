import weakref
from typing import ClassVar

import numpy as np
import pytest

from actorsup.errors import InputError, StoreError
from actorsup.io import VideoReader, open_video
from actorsup.linkers import Linker
from actorsup.proposals import ProposalConfig, ProposalGenerator
from actorsup.registry import DETECTORS, LINKERS, VIDEO_READERS
from actorsup.structures import Detections, Tube
from tests.conftest import moving_square, write_video


@DETECTORS.register_module()
class CountingDetector:
    """Finds one box a frame, and counts the frames that it was shown."""

    num_frames = 0

    def __init__(self, threshold=0.5):
        self.threshold = threshold

    def detect(self, frames):
        for _ in frames:
            type(self).num_frames += 1
            yield Detections([[0, 0, 10, 10]], [0.9], [0])


@LINKERS.register_module()
class WholeLinker(Linker):
    """One tube of the first box of each frame."""

    def link(self, frames, detections):
        boxes = np.concatenate([found.boxes[:1] for found in detections])
        return [Tube(0, boxes, np.ones(len(boxes)), 1.0, 0)]


@LINKERS.register_module()
class NoLinker(Linker):
    """Never finds a tube."""

    def link(self, frames, detections):
        return []


def proposal_config(root, linker="whole", **detector) -> ProposalConfig:
    return ProposalConfig.from_config(
        {
            "root": root / "proposals",
            "detector": "counting",
            "detectors": {"counting": {"type": "CountingDetector", **detector}},
            "linker": linker,
            "linkers": {"whole": {"type": "WholeLinker"}, "none": {"type": "NoLinker"}},
        }
    )


@pytest.fixture
def videos(tmp_path):
    CountingDetector.num_frames = 0
    return [
        (f"class/{name}", write_video(tmp_path / f"{name}.avi", moving_square(length)))
        for name, length in [("a", 5), ("b", 1), ("c", 8)]
    ]


def test_every_video_gets_proposals_with_its_true_length_and_size(tmp_path, videos):
    report = ProposalGenerator(proposal_config(tmp_path)).run(videos)
    assert report.made == ["class/a", "class/b", "class/c"]
    assert (report.kept, report.failed) == ([], {})
    for name, length in [("class/a", 5), ("class/b", 1), ("class/c", 8)]:
        proposals = proposal_config(tmp_path).tubes.load(name)
        assert (proposals.num_frames, proposals.size, len(proposals.tubes[0])) == (length, (96, 64), length)


def test_a_second_run_does_nothing_and_another_linker_reuses_the_detections(tmp_path, videos):
    ProposalGenerator(proposal_config(tmp_path)).run(videos)
    assert CountingDetector.num_frames == 14
    again = ProposalGenerator(proposal_config(tmp_path)).run(videos)
    assert (again.made, again.kept) == ([], ["class/a", "class/b", "class/c"])
    other = ProposalGenerator(proposal_config(tmp_path, linker="none")).run(videos)
    assert other.made == other.without_tubes == ["class/a", "class/b", "class/c"]
    assert CountingDetector.num_frames == 14


def test_an_interrupted_run_goes_on_and_ends_with_the_same_store(tmp_path, videos, monkeypatch):
    whole = ProposalGenerator(proposal_config(tmp_path / "whole"))
    whole.run(videos)
    interrupted = ProposalGenerator(proposal_config(tmp_path / "interrupted"))
    with monkeypatch.context() as patch:
        calls = []

        def link(self, frames, detections):
            calls.append(len(frames))
            if len(calls) == 2:
                raise KeyboardInterrupt
            return original(self, frames, detections)

        original = WholeLinker.link
        patch.setattr(WholeLinker, "link", link)
        with pytest.raises(KeyboardInterrupt):
            interrupted.run(videos)
    report = ProposalGenerator(proposal_config(tmp_path / "interrupted")).run(videos)
    assert (report.kept, report.made) == (["class/a"], ["class/b", "class/c"])
    for name, _ in videos:
        assert whole.tubes.path(name).read_bytes() == interrupted.tubes.path(name).read_bytes()


def test_bad_videos_are_reported_and_the_others_go_on(tmp_path, videos):
    videos[1][1].write_bytes(b"")
    videos.append(("class/absent", tmp_path / "absent.avi"))
    report = ProposalGenerator(proposal_config(tmp_path)).run(videos)
    assert report.made == ["class/a", "class/c"]
    assert sorted(report.failed) == ["class/absent", "class/b"]
    assert "0 bytes" in report.failed["class/b"]


def test_damaged_files_are_made_again(tmp_path, videos):
    generator = ProposalGenerator(proposal_config(tmp_path))
    generator.run(videos)
    whole = generator.tubes.path("class/a").read_bytes()
    generator.tubes.path("class/a").write_bytes(b"damaged")
    generator.detections.path("class/a").write_bytes(b"damaged")
    report = ProposalGenerator(proposal_config(tmp_path)).run(videos)
    assert (report.made, report.kept, report.failed) == (["class/a"], ["class/b", "class/c"], {})
    assert generator.tubes.path("class/a").read_bytes() == whole


def test_a_video_replaced_since_its_detections_is_an_error(tmp_path, videos):
    ProposalGenerator(proposal_config(tmp_path)).run(videos)
    name, path = videos[0]
    write_video(path, moving_square(9))
    with pytest.raises(InputError, match=r"has 9 frames, but its detections .* are of 5"):
        ProposalGenerator(proposal_config(tmp_path, linker="none")).make(name, path)


@VIDEO_READERS.register_module()
class WatchedReader(VideoReader):
    """Decodes as usual, and knows how many of its frames are alive."""

    alive: ClassVar[list[weakref.ref]] = []

    def __iter__(self):
        for frame in open_video(self.path):
            self.alive.append(weakref.ref(frame))
            yield frame

    @classmethod
    def num_alive(cls):
        return sum(reference() is not None for reference in cls.alive)


@LINKERS.register_module()
class WatchingLinker(Linker):
    """Reads forward and backward, and remembers the most frames that were alive."""

    def __init__(self):
        self.most = 0

    def link(self, frames, detections):
        for index in [*range(len(frames)), *reversed(range(len(frames)))]:
            assert frames[index].shape == frames.shape[1:]
            self.most = max(self.most, WatchedReader.num_alive())
        return []


@pytest.mark.parametrize(("mebibytes", "most"), [(1, 57), (2, 114), (100, 150)])
def test_no_more_frames_of_a_long_video_are_held_than_the_setting_says(tmp_path, mebibytes, most):
    video = write_video(tmp_path / "long.avi", moving_square(150))
    settings = {
        "root": tmp_path / "proposals",
        "detector": "counting",
        "detectors": {"counting": {"type": "CountingDetector"}},
        "linker": "watching",
        "linkers": {"watching": {"type": "WatchingLinker"}},
        "frame_memory": mebibytes,
    }
    generator = ProposalGenerator(ProposalConfig.from_config(settings, reader={"type": "WatchedReader"}))
    assert generator.run([("long", video)]).made == ["long"]
    assert most - 2 <= generator.pipeline.linker.most <= most  # a frame is 18 KiB; one more is being decoded


def test_the_memory_for_frames_does_not_change_the_store(tmp_path, videos):
    settings = {"detector": "d", "detectors": {"d": {"type": "A"}}, "linker": "l", "linkers": {"l": {"type": "B"}}}
    few, many = (ProposalConfig.from_config({"root": tmp_path, **settings, "frame_memory": size}) for size in (1, 999))
    assert few.tubes.fingerprint.made_by == many.tubes.fingerprint.made_by


@pytest.mark.parametrize("memory", [0, -5, 0.5, "512MB"])
def test_a_memory_that_is_no_number_of_mebibytes_is_refused(tmp_path, memory):
    settings = {"detector": "d", "detectors": {"d": {}}, "linker": "l", "linkers": {"l": {}}}
    with pytest.raises(InputError, match=f"frame_memory is in MiB.*{memory}"):
        ProposalConfig.from_config({"root": tmp_path, **settings, "frame_memory": memory})


def test_another_detector_under_the_same_name_is_an_error(tmp_path, videos):
    ProposalGenerator(proposal_config(tmp_path)).run(videos)
    with pytest.raises(StoreError, match=r"detector\.threshold: absent there, 0\.7 here"):
        ProposalGenerator(proposal_config(tmp_path, threshold=0.7))


def test_a_config_names_what_it_lacks(tmp_path):
    with pytest.raises(InputError, match="need"):
        ProposalConfig.from_config({"root": tmp_path})
    with pytest.raises(InputError, match=r"offers \['none', 'whole'\]"):
        proposal_config(tmp_path, linker="magic")
