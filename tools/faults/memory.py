"""Memory that stays flat: an hour of 720p through ``actorsup localize``, and a camera that never ends."""

import subprocess
import sys
import time
from collections.abc import Iterator
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
FRAMES_PER_SECOND = 25
ENLARGED = 4  # the puppets are painted small, and shown at 1280×720
NUM_SCENES = 6
SECONDS_BETWEEN_SAMPLES = 2.0
WARM_UP = 60.0  # seconds after which nothing may grow
TOLERANCE = 20.0  # MiB
MIB = 2**20

CONFIG = """
_base_ = "{repository}/configs/demo_puppets.py"
proposals = dict(linker="viterbi")
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
