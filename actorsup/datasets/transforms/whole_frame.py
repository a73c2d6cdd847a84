"""Training without actors."""

from dataclasses import replace

import numpy as np
from mmcv.transforms import BaseTransform

from actorsup.registry import TRANSFORMS
from actorsup.structures import Tube


@TRANSFORMS.register_module()
class AttachWholeFrame(BaseTransform):
    """One tube, the whole frame throughout the video, in place of the proposals; instead of ``AttachTubes``.

    A model trained so learns from whole frames; in testing it can rank the tubes of actors, by ``AttachTubes``, or give
    the frame itself, by this. The actor's label of the tube is 0 and means nothing.
    """

    def transform(self, results: dict) -> dict:
        """Replace ``proposals``; add ``tubes (1, N, 4)`` in pixels of the original frame and ``covered (1, N)``."""
        proposals, num_frames = results["proposals"], len(results["frame_indices"])
        tube = Tube.still((0, 0, *proposals.size), proposals.num_frames)
        return {
            **results,
            "proposals": replace(proposals, tubes=(tube,)),
            "tubes": tube.boxes_at(results["frame_indices"])[None],
            "covered": np.ones((1, num_frames), bool),
        }
