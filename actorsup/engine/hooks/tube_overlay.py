"""Pictures of tested and validated videos with their best tubes."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from mmengine.dataset import BaseDataset
from mmengine.hooks import Hook
from mmengine.runner import Runner

from actorsup.datasets import inner_datasets
from actorsup.errors import InputError
from actorsup.io import open_video
from actorsup.registry import HOOKS
from actorsup.structures import VideoSample, predicted_class
from actorsup.visualization import DrawnTube, equal_steps, save_picture, tube_row


@HOOKS.register_module()
class TubeOverlayHook(Hook):
    """Write ``folder/<video>.png`` for every tested video, and ``folder/epoch_<n>/<video>.png`` at each validation.

    A picture shows ``num_frames`` frames in equal steps, with the ``num_tubes`` best tubes for the class that the model
    gives the video, and the true tubes dashed in white. Captions give rank and probability, for heads whose scores are
    log-probabilities. ``videos`` are the names of those drawn, None for all; ``to_visualizer`` gives the pictures of a
    validation to the runner's visualizer too, for TensorBoard and the like.
    """

    def __init__(
        self,
        folder: str,
        num_tubes: int = 3,
        num_frames: int = 4,
        videos: Sequence[str] | None = None,
        to_visualizer: bool = False,
    ) -> None:
        self.folder, self.num_tubes, self.num_frames = Path(folder), num_tubes, num_frames
        self.videos = None if videos is None else frozenset(videos)
        self.to_visualizer = to_visualizer
        self.sources: dict[str, tuple[Path, dict | None]] = {}  # file and reader by video

    def before_test(self, runner: Runner) -> None:
        """Note where the videos are."""
        self._find_videos(runner.test_dataloader.dataset)

    def before_val(self, runner: Runner) -> None:
        """Note where the videos are."""
        self._find_videos(runner.val_dataloader.dataset)

    def after_test_iter(self, runner: Runner, batch_idx: int, data_batch: dict | None = None, outputs=()) -> None:
        """Draw the videos of the batch."""
        self._draw(outputs, runner.test_dataloader.dataset.metainfo["classes"], self.folder)

    def after_val_iter(self, runner: Runner, batch_idx: int, data_batch: dict | None = None, outputs=()) -> None:
        """Draw the videos of the batch."""
        classes = runner.val_dataloader.dataset.metainfo["classes"]
        drawn = self._draw(outputs, classes, self.folder / f"epoch_{runner.epoch}")
        if self.to_visualizer:
            for video, picture in drawn.items():
                runner.visualizer.add_image(video.replace("/", "-"), picture, step=runner.epoch)

    def _find_videos(self, dataset: BaseDataset) -> None:
        inner = inner_datasets(dataset)
        self.sources = {video: (path, each.reader) for each in inner for video, path in each.videos()}
        if unknown := sorted((self.videos or frozenset()) - self.sources.keys()):
            raise InputError(
                f"TubeOverlayHook: videos has {', '.join(unknown)}, which is not among the {len(self.sources)} videos "
                f"that are looked at, such as {next(iter(self.sources))}"
            )

    def _draw(self, samples: Sequence[VideoSample], classes: Sequence[str], folder: Path) -> dict[str, np.ndarray]:
        """Write the pictures, and return them by video."""
        pictures = {}
        for sample in samples:
            if self.videos is None or sample.video in self.videos:
                pictures[sample.video] = self._picture(sample, classes)
                save_picture(folder / f"{sample.video}.png", pictures[sample.video])
        return pictures

    def _picture(self, sample: VideoSample, classes: Sequence[str]) -> np.ndarray:
        indices = sample.frame_indices[equal_steps(len(sample.frame_indices), self.num_frames)]
        action = predicted_class(sample.video_scores, has_tubes=bool(sample.proposals))
        tubes = [DrawnTube.truth(tube) for tube in sample.ground_truth]
        if action is not None:
            ranked = sample.ranked_tubes
            scores = ranked.scores[:, action]
            for rank, index in enumerate(np.argsort(-scores, kind="stable")[: self.num_tubes]):
                if scores[index] > -np.inf:
                    caption = f"{rank + 1}: {np.exp(scores[index]):.2f}"
                    tubes.append(DrawnTube.ranked(ranked.tubes[index], rank, caption))
        frames = open_video(*self.sources[sample.video]).frames_at(indices)
        return tube_row(frames, indices, tubes, title="no tubes" if action is None else classes[action])
