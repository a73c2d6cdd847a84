"""From the file to the frames."""

from mmcv.transforms import BaseTransform

from actorsup.errors import InputError
from actorsup.io import open_video
from actorsup.registry import TRANSFORMS


@TRANSFORMS.register_module()
class DecodeFrames(BaseTransform):
    """Read the sampled frames, with the data set's reader.

    Raises:
        VideoError: if the video cannot be read, naming the file.
        InputError: if its frames are not of the size that the proposals were made at: it was replaced since.
    """

    def transform(self, results: dict) -> dict:
        """Add ``frames (N, H, W, 3)``, uint8, RGB."""
        frames = open_video(results["path"], results["reader"]).frames_at(results["frame_indices"])
        height, width = frames.shape[1:3]
        expected = results["proposals"].size
        if (width, height) != tuple(expected):
            raise InputError(
                f"{results['path']}: frames are {width}x{height}, its proposals were made at "
                f"{expected[0]}x{expected[1]}: the video was replaced since; "
                "delete its proposals and run `actorsup proposals` again"
            )
        return {**results, "frames": frames}
