"""The seam that every step fills."""

from abc import ABC, abstractmethod

from actorsup.structures import RankedTubes, VideoSample


class PostProcessing(ABC):
    """A step that changes the ranked tubes of a predicted video; the model runs those of its ``post_processing``."""

    needs_frame_scores = False
    """Whether ``VideoSample.frame_scores`` has to be there, which the model computes only if some step needs it."""

    @abstractmethod
    def __call__(self, sample: VideoSample, ranked: RankedTubes) -> RankedTubes:
        """The tubes after this step.

        Args:
            sample: the video with its proposals and the model's scores, as they were before any step.
            ranked: the tubes after the steps before this one.
        """
