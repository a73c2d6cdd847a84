"""A picture of each tested video with the tubes that the model ranks best."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from mmengine.hooks import Hook
from mmengine.runner import Runner

from actorsup.io import open_video
from actorsup.registry import HOOKS
from actorsup.structures import VideoSample

from .overlay import DrawnTube, tube_sheet
from .picture_file import save_picture


@HOOKS.register_module()
class TubeOverlayHook(Hook):
    """Writes ``folder/<video>.png`` for every tested video.

    Each picture shows frames in equal steps, with the best tubes for the class that the model gives the video, and the
    true tubes dashed in white. Captions give rank and probability, for heads whose scores are log-probabilities.

    Args:
        folder: where the pictures go.
        num_tubes: tubes drawn.
        num_frames: frames in a picture.
    """

    def __init__(self, folder: str, num_tubes: int = 3, num_frames: int = 4) -> None:
        self.folder = Path(folder)
        self.num_tubes = num_tubes
        self.num_frames = num_frames
        self.paths: dict[str, Path] = {}
        self.reader: dict | None = None

    def before_test(self, runner: Runner) -> None:
        """Note where the videos are."""
        dataset = runner.test_dataloader.dataset
        self.paths = dict(dataset.videos())
        self.reader = dataset.reader

    def after_test_iter(
        self, runner: Runner, batch_idx: int, data_batch: dict | None = None, outputs: Sequence[VideoSample] = ()
    ) -> None:
        """Draw the videos of the batch."""
        classes = runner.test_dataloader.dataset.metainfo["classes"]
        for sample in outputs:
            save_picture(self.folder / f"{sample.video}.png", self._picture(sample, classes))

    def _picture(self, sample: VideoSample, classes: Sequence[str]) -> np.ndarray:
        shown = np.unique(np.linspace(0, len(sample.frame_indices) - 1, self.num_frames).round().astype(int))
        indices = sample.frame_indices[shown]
        action = int(sample.video_scores.argmax())
        ranked = sample.ranked_tubes
        scores = ranked.scores[:, action]
        best = [index for index in np.argsort(-scores, kind="stable") if scores[index] > -np.inf][: self.num_tubes]
        tubes = [DrawnTube.truth(tube) for tube in sample.ground_truth] + [
            DrawnTube.ranked(ranked.tubes[index], rank, f"{rank + 1}: {np.exp(scores[index]):.2f}")
            for rank, index in enumerate(best)
        ]
        frames = open_video(self.paths[sample.video], self.reader).frames_at(indices)
        return tube_sheet(frames, indices, tubes, title=classes[action])
