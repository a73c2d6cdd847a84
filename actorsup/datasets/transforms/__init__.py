"""Steps of a pipeline, in the order in which they are used; each adds to or changes the dictionary of one video.

==============  ======================================  ===========================================================
step            needs                                   gives
==============  ======================================  ===========================================================
(data set)                                              video, path, reader, label, proposals, ground_truth
SampleFrames    proposals                               frame_indices (N,) int64
DecodeFrames    path, reader, proposals, frame_indices  frames (N, H, W, 3) uint8, RGB
AttachTubes     proposals, frame_indices                tubes (P, N, 4) float32, frame_mask (P, N), proposals (P left)
ResizeFrames    frames, tubes                           frames, tubes
FlipFrames      frames, tubes                           frames, tubes
PackVideo       all of them                             inputs (N, 3, H, W) uint8 tensor, data_samples (``VideoSample``)
==============  ======================================  ===========================================================

For what the paper's method is compared with: ``AttachWholeFrame`` instead of ``AttachTubes``; and, after the tubes are
attached, ``LabelTubes``, which needs proposals and ground_truth and gives tube_labels (P,) int64. For proposals that
miss nobody: ``AddTrueTubes``, before the tubes are attached.

``proposals`` and ``ground_truth`` stay in pixels of the original frame throughout; ``tubes`` follow the frames.
"""

from .frames import DecodeFrames, FlipFrames, ResizeFrames, SampleFrames
from .packing import PackVideo
from .tubes import AddTrueTubes, AttachTubes, AttachWholeFrame, LabelTubes

__all__ = [
    "AddTrueTubes",
    "AttachTubes",
    "AttachWholeFrame",
    "DecodeFrames",
    "FlipFrames",
    "LabelTubes",
    "PackVideo",
    "ResizeFrames",
    "SampleFrames",
]
