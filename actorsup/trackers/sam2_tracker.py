"""SAM 2 as a tracker: the extra `transformers`."""

from pathlib import Path

import numpy as np
from torch import Tensor

from actorsup.device import pick_device
from actorsup.errors import InputError
from actorsup.io.checkpoints import load_pretrained
from actorsup.registry import TRACKERS
from actorsup.structures import clip_boxes

from .tracker import Tracker, check_targets


@TRACKERS.register_module()
class Sam2Tracker(Tracker):
    """SAM 2's video predictor: a target's box prompts its mask, and the mask that is found next gives the next box.

    A target's confidence is how sure SAM 2 is that it is in the frame. One that it does not see, or that lies outside
    the frame from the start, keeps its last box with score 0; one that was seen before is looked for in every frame.

    Each target has a memory of its own, of its first frame and as many of the last ones as the model reads; what is
    older is dropped. A frame is encoded once for all targets, which costs most of the time: a ``SiameseLinker`` with
    this tracker should have a ``batch_size`` of as many as memory allows.

    Args:
        weights: a folder as the Hugging Face Hub has it, such as that of ``facebook/sam2.1-hiera-tiny``: the config,
            the safetensors and the processor's files. Nothing is downloaded.
        device: where the model runs; None takes the GPU where there is one.

    Raises:
        InputError: if transformers is not installed, or the folder is missing or holds no such model.
    """

    def __init__(self, weights: str | Path, device: str | None = None) -> None:
        try:
            from transformers import Sam2VideoModel, Sam2VideoProcessor
        except ImportError as error:
            raise InputError("Sam2Tracker needs transformers: pip install 'actorsup[transformers]'") from error
        self.device = pick_device(device)
        self.model = load_pretrained(Sam2VideoModel, weights).to(self.device).eval()
        try:
            self.processor = Sam2VideoProcessor.from_pretrained(str(Path(weights).expanduser()), local_files_only=True)
        except Exception as error:  # transformers raises what it likes
            raise InputError(f"{weights}: its processor cannot be read: {type(error).__name__}: {error}") from error
        size = self.model.config.image_size
        if self.processor.target_size != size:
            raise InputError(
                f"{weights}: its processor makes images of {self.processor.target_size}, the model's {size}"
            )

    def init(self, image: np.ndarray, boxes: np.ndarray) -> None:
        """See ``Tracker.init``."""
        self._sessions, self._boxes = [], np.zeros((0, 4), np.float32)
        self._frame = 0
        self.add(image, boxes)

    def add(self, image: np.ndarray, boxes: np.ndarray) -> None:
        """See ``Tracker.add``."""
        boxes = clip_boxes(check_targets(boxes), image.shape[1::-1])
        if len(boxes):
            pixels = self._pixels(image)
            for box in boxes:  # one by one, for each takes the frame's features from those before
                self._sessions.append(self._start(pixels, box, image.shape[:2]))
            self._boxes = np.concatenate([self._boxes, boxes])

    def update(self, image: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """See ``Tracker.update``."""
        self._frame += 1
        scores = np.zeros(len(self._sessions), np.float32)
        pixels = self._pixels(image) if any(self._sessions) else None
        for index, session in enumerate(self._sessions):
            if session is not None:
                logits, score = self._find(session, pixels)
                (mask,) = self.processor.post_process_masks([logits], [image.shape[:2]])
                if (box := mask_box(mask[0, 0])) is not None:
                    self._boxes[index], scores[index] = box, score
        return self._boxes.copy(), scores

    def _pixels(self, image: np.ndarray) -> Tensor:
        """An image as the model takes it ``(1, 3, S, S)``."""
        processed = self.processor.image_processor(
            images=image, input_data_format="channels_last", return_tensors="pt", device=self.device
        )
        return processed.pixel_values

    def _start(self, pixels: Tensor, box: np.ndarray, size: tuple[int, int]):
        """The session of a new target; None if nothing of it is in the frame of ``size`` (height, width)."""
        if not (box[2:] > box[:2]).all():
            return None
        # A session can hold several targets, but takes the masks of all in a way that depends on whether one is new.
        session = self.processor.init_video_session(inference_device=self.device)
        session.cache = next(filter(None, self._sessions), session).cache  # of the frame's features
        self.processor.add_inputs_to_inference_session(
            session, self._frame, obj_ids=0, input_boxes=[[box.tolist()]], original_size=size
        )
        self._find(session, pixels)
        return session

    def _find(self, session, pixels: Tensor) -> tuple[Tensor, float]:
        """The target's mask in the present frame, logits ``(1, 1, h, w)``, and the confidence that it is there."""
        found = self.model(inference_session=session, frame_idx=self._frame, frame=pixels)
        # What no later frame reads is dropped.
        session.processed_frames.clear()
        session.frames_tracked_per_obj[0].clear()
        first, later = session.output_dict_per_obj[0].values()
        present = (later if self._frame in later else first)[self._frame]
        del present["pred_masks"], present["high_res_masks"]
        config, next_frame = self.model.config, self._frame + 1
        if (without_memory := later.get(next_frame - config.num_maskmem)) is not None:
            without_memory["maskmem_features"] = without_memory["maskmem_pos_enc"] = None
        later.pop(next_frame - max(config.num_maskmem, config.max_object_pointers_in_encoder), None)
        return found.pred_masks, found.object_score_logits.sigmoid().item()


def mask_box(mask: Tensor) -> np.ndarray | None:
    """The box ``(4,)`` of a mask ``(H, W)`` of booleans, None if it is empty.

    A mask of the columns 2 to 5 has ``x1 = 2`` and ``x2 = 6``, where its last pixel ends.
    """
    columns, rows = (np.flatnonzero(mask.any(dim=axis).cpu().numpy()) for axis in (0, 1))
    if not len(columns):
        return None
    return np.array([columns[0], rows[0], columns[-1] + 1, rows[-1] + 1], np.float32)
