"""Memory that stays flat: an hour of 720p through ``actorsup localize``, and a camera that never ends.

Both with the detector that ships, in processes of their own, whose resident memory is read every two seconds. The hour
has five frames a second: detection and the rendered video take 40 ms of a core each for one of them.
"""

import os
import subprocess
import sys
import time
from collections.abc import Sequence
from itertools import cycle
from pathlib import Path

import av
import cv2
import numpy as np
import torch
from campaign import Fault, Outcome

from actorsup.apis import ActionInferencer
from actorsup.engine import load_config
from actorsup.registry import MODELS
from actorsup.synthetic.drawing import make_textures
from actorsup.synthetic.script import WorldSettings, write_action_scene

REPOSITORY = Path(__file__).resolve().parents[2]
FRAMES_PER_SECOND = 5
ENLARGED = 4  # the puppets are painted small, and shown at 1280×720
NUM_SCENES = 6
MINUTES = 60.0  # of the video
CAMERA_MINUTES = 20.0  # of the run
SECONDS_BETWEEN_SAMPLES = 2.0
SLICE = 60.0  # seconds whose samples are taken together: memory swings with every window
TOLERANCE = 20.0  # MiB

CONFIG = """
_base_ = "{repository}/configs/demo_puppets.py"
proposals = dict(linker="viterbi")
test_pipeline = [
    dict(type="SampleFrames", num_frames=8, mode="center"),
    dict(type="DecodeFrames"),
    dict(type="AttachTubes", max_tubes=10),
    dict(type="ResizeFrames", size=(320, 180)),
    dict(type="PackVideo"),
]
test_dataloader = dict(dataset=dict(pipeline=test_pipeline))
"""


def puppets() -> list[np.ndarray]:
    """Frames ``(180, 320, 3)`` of people and animals that move, some ten seconds."""
    settings = WorldSettings(size=(320, 180), fps=FRAMES_PER_SECOND)
    rng = np.random.default_rng(0)
    textures = make_textures(rng, 20)
    actions = rng.choice(settings.actions, NUM_SCENES)
    return [frame for action in actions for frame in write_action_scene(rng, textures, settings, action).frames()]


def enlarged(frame: np.ndarray) -> np.ndarray:
    """A frame at 720p."""
    return cv2.resize(frame, None, fx=ENLARGED, fy=ENLARGED, interpolation=cv2.INTER_LINEAR)


def write_long_video(path: Path, minutes: float) -> None:
    """The puppets over and over, encoded once: their packets are repeated, each time later."""
    once = path.with_name("once.mp4")
    with av.open(str(once), "w") as container:
        options = {"preset": "ultrafast", "tune": "zerolatency", "crf": "30"}
        stream = container.add_stream("libx264", rate=FRAMES_PER_SECOND, options=options)
        stream.width, stream.height, stream.pix_fmt = 320 * ENLARGED, 180 * ENLARGED, "yuv420p"
        for frame in (frames := puppets()):
            container.mux(stream.encode(av.VideoFrame.from_ndarray(enlarged(frame), format="rgb24")))
        container.mux(stream.encode())
    with av.open(str(path), "w") as container:
        stream, offset = None, 0
        for _ in range(round(minutes * 60 * FRAMES_PER_SECOND / len(frames))):
            with av.open(str(once)) as source:
                picture = source.streams.video[0]
                stream = stream or container.add_stream_from_template(picture)
                for packet in source.demux(picture):
                    if packet.size:
                        end = packet.pts + packet.duration
                        packet.pts, packet.dts, packet.stream = packet.pts + offset, packet.dts + offset, stream
                        container.mux(packet)
            offset += end


def untrained(folder: Path) -> tuple[Path, Path]:
    """A config, and a checkpoint of its model that has learnt nothing."""
    config = folder / "config.py"
    config.write_text(CONFIG.format(repository=REPOSITORY))
    settings = load_config(config)
    torch.manual_seed(0)
    model = MODELS.build(settings.model)
    meta = {"dataset_meta": {"classes": tuple(settings.puppets.settings.actions)}}
    torch.save({"state_dict": model.state_dict(), "meta": meta}, folder / "untrained.pth")
    return config, folder / "untrained.pth"


def watch(command: Sequence[str | Path], log: Path, seconds: float | None = None) -> tuple[int | None, np.ndarray]:
    """Run a process, to its end or for some seconds: its exit code, and rows of seconds and resident MiB ``(N, 2)``."""
    with open(log, "w") as output:
        process = subprocess.Popen(list(map(str, command)), stdout=output, stderr=subprocess.STDOUT, env=environment())
    start, samples = time.monotonic(), []
    try:
        while process.poll() is None and (seconds is None or time.monotonic() - start < seconds):
            time.sleep(SECONDS_BETWEEN_SAMPLES)
            pages = Path(f"/proc/{process.pid}/statm").read_text().split()
            if len(pages) > 1:
                samples.append((time.monotonic() - start, int(pages[1]) * os.sysconf("SC_PAGE_SIZE") / 2**20))
        return process.poll(), np.array(samples)
    finally:
        process.kill()
        process.wait()


def environment() -> dict[str, str]:
    """One thread, and this package."""
    return {**os.environ, "OMP_NUM_THREADS": "1", "PYTHONPATH": str(REPOSITORY)}


def judge(samples: np.ndarray) -> Outcome:
    """Compare the median of every minute with that of the second one; the first loads and fills."""
    minutes = (samples[:, 0] // SLICE).astype(int)
    medians = np.array([np.median(samples[minutes == minute, 1]) for minute in range(minutes[-1])])[1:]
    outcome = Outcome()
    if len(medians) < 3:
        outcome.failures.append(f"ended within {len(medians) + 1} minutes")
        return outcome
    growth = float(np.median(medians[-3:]) - medians[0])
    slope = float(np.polyfit(np.arange(len(medians)), medians, 1)[0] * 60)
    outcome.figures = {"MiB in the second minute": float(medians[0]), "growth": growth, "MiB an hour": slope}
    outcome.expect(growth < TOLERANCE, f"grew by {growth:.0f} MiB: {medians.round().tolist()}", "flat")
    return outcome


def an_hour_of_video(number: int, folder: Path) -> Outcome:
    """``actorsup localize`` from beginning to end."""
    video = folder / "hour.mp4"
    write_long_video(video, MINUTES)
    config, checkpoint = untrained(folder)
    tool = [sys.executable, REPOSITORY / "tools/localize.py", video, "--config", config, "--checkpoint", checkpoint]
    code, samples = watch([*tool, "--out", folder / "found"], folder / "log.txt")
    outcome = judge(samples)
    outcome.expect(code == 0, f"exit code {code}: {(folder / 'log.txt').read_text()[-2000:]}", "done")
    return outcome


def endless_camera(number: int, folder: Path) -> Outcome:
    """``ActionInferencer.stream`` on frames that never end."""
    log = folder / "log.txt"
    command = [sys.executable, Path(__file__), *untrained(folder)]
    code, samples = watch(command, log, CAMERA_MINUTES * 60)
    outcome = judge(samples)
    outcome.expect(code is None, f"ended with {code}: {log.read_text()[-2000:]}", "went on")
    outcome.figures["frames"] = float(log.read_text().split()[-1])
    return outcome


def film(config: str, checkpoint: str) -> None:
    """Print how many frames of a camera are finished, for ever."""
    pictures = puppets()
    camera = (enlarged(picture) for picture in cycle(pictures))
    for stretch in ActionInferencer(config, checkpoint, "cpu").stream(camera):
        print(stretch.start + stretch.num_frames, flush=True)


GOAL = "memory flat after the first minute"
FAULTS = (
    Fault("memory-hour", GOAL, an_hour_of_video, attempts=1, seconds=3 * 3600),
    Fault("memory-camera", GOAL, endless_camera, attempts=1, seconds=2 * CAMERA_MINUTES * 60),
)

if __name__ == "__main__":
    film(*sys.argv[1:])
