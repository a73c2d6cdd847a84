"""SAM 2 behind the seam, with random weights in the files of real ones."""

import shutil
import sys

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file
from transformers import (
    Sam2HieraDetConfig,
    Sam2ImageProcessor,
    Sam2VideoConfig,
    Sam2VideoModel,
    Sam2VideoProcessor,
    Sam2VideoVideoProcessor,
    Sam2VisionConfig,
)

from actorsup.errors import InputError
from actorsup.linkers import SiameseLinker
from actorsup.registry import TRACKERS
from actorsup.structures import Detections
from actorsup.trackers import Sam2Tracker
from actorsup.trackers.sam2_tracker import mask_box

SIZE, WIDTH = 64, 128  # side of the model's image in pixels, channels
HEIGHT_WIDTH = (48, 80)
FIRST, SECOND = [10.0, 10.0, 30.0, 30.0], [40.0, 20.0, 60.0, 40.0]


def tiny_config() -> Sam2VideoConfig:
    """A SAM 2 of a million parameters, which reads the masks of two frames before and the pointers of four."""
    backbone = Sam2HieraDetConfig(
        hidden_size=8,
        image_size=[SIZE, SIZE],
        blocks_per_stage=[1, 1, 2, 1],
        embed_dim_per_stage=[8, 16, 32, 64],
        num_attention_heads_per_stage=[1, 1, 1, 1],
        window_size_per_stage=[4, 2, 2, 2],
        global_attention_blocks=[3],
        window_positional_embedding_background_size=[2, 2],
    )
    return Sam2VideoConfig(
        vision_config=Sam2VisionConfig(
            backbone_config=backbone,
            backbone_channel_list=[64, 32, 16, 8],
            backbone_feature_sizes=[[SIZE // 4] * 2, [SIZE // 8] * 2, [SIZE // 16] * 2],
            fpn_hidden_size=WIDTH,
        ),
        image_size=SIZE,
        num_maskmem=3,
        max_object_pointers_in_encoder=5,
        prompt_encoder_config={"hidden_size": WIDTH, "image_size": SIZE, "mask_input_channels": 4},
        mask_decoder_config={"hidden_size": WIDTH, "mlp_dim": 32, "num_attention_heads": 2, "iou_head_hidden_dim": 16},
        memory_attention_hidden_size=WIDTH,
        memory_attention_num_layers=1,
        memory_attention_feed_forward_hidden_size=32,
        memory_attention_rope_feat_sizes=[SIZE // 16] * 2,
        memory_encoder_hidden_size=WIDTH,
        memory_encoder_output_channels=64,
        mask_downsampler_embed_dim=WIDTH,
        memory_fuser_embed_dim=WIDTH,
        memory_fuser_intermediate_dim=32,
        memory_fuser_num_layers=1,
    )


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Weights that are large enough for masks to depend on image and memory, and for the targets to be there."""
    folder = tmp_path_factory.mktemp("sam2")
    with torch.random.fork_rng():
        torch.manual_seed(14)
        model = Sam2VideoModel(tiny_config())
        for parameter in model.parameters():
            if parameter.ndim > 1:
                torch.nn.init.xavier_normal_(parameter, 1.6)
    last = model.mask_decoder.pred_obj_score_head.proj_out
    with torch.no_grad():
        last.weight.mul_(0.3)
        last.bias.fill_(1)
    model.save_pretrained(folder)
    size = {"height": SIZE, "width": SIZE}
    Sam2VideoProcessor(Sam2ImageProcessor(size=size), Sam2VideoVideoProcessor(size=size)).save_pretrained(folder)
    return folder


@pytest.fixture(scope="module")
def tracker(folder):
    return TRACKERS.build({"type": "Sam2Tracker", "weights": str(folder), "device": "cpu"})


@pytest.fixture(scope="module")
def frames():
    return np.random.default_rng(0).integers(0, 255, (14, *HEIGHT_WIDTH, 3), dtype=np.uint8)


def track(tracker, frames, boxes):
    tracker.init(frames[0], np.array(boxes))
    found = [tracker.update(frame) for frame in frames[1:]]
    return np.stack([boxes for boxes, _ in found]), np.stack([scores for _, scores in found])


def offline(folder, frames, box):
    """The masks and confidences of one target by the library, which has the whole video and drops nothing."""
    model, processor = Sam2VideoModel.from_pretrained(folder).eval(), Sam2VideoProcessor.from_pretrained(folder)
    pixels = processor.image_processor(images=list(frames), return_tensors="pt").pixel_values
    session = processor.init_video_session()
    session.processed_frames = dict(enumerate(pixels))
    session.video_height, session.video_width = HEIGHT_WIDTH
    processor.add_inputs_to_inference_session(session, 0, 7, input_boxes=[[box]])
    outputs = list(model.propagate_in_video_iterator(session, start_frame_idx=0))[1:]
    masks = [processor.post_process_masks([output.pred_masks], [HEIGHT_WIDTH])[0][0, 0] for output in outputs]
    return masks, [output.object_score_logits.item() for output in outputs]


def test_boxes_and_scores_are_those_of_the_librarys_masks_of_a_whole_video(folder, tracker, frames):
    boxes, scores = track(tracker, frames, [FIRST, SECOND])
    for index, box in enumerate((FIRST, SECOND)):
        masks, logits = offline(folder, frames, box)
        np.testing.assert_allclose(scores[:, index], 1 / (1 + np.exp(-np.array(logits))), atol=1e-5)
        for found, mask in zip(boxes[:, index], masks, strict=True):
            rows, columns = np.nonzero(mask.numpy())
            assert found.tolist() == [columns.min(), rows.min(), columns.max() + 1, rows.max() + 1]
    assert len(np.unique(boxes[:, 0], axis=0)) > 2  # not always the whole frame
    assert (scores[:, 0] != scores[:, 1]).all()


def test_targets_do_not_influence_each_other_and_join_when_they_like(tracker, frames):
    together = track(tracker, frames, [FIRST, SECOND])
    for index, box in enumerate((FIRST, SECOND)):
        alone = track(tracker, frames, [box])
        for both, one in zip(together, alone, strict=True):
            np.testing.assert_array_equal(both[:, [index]], one)
    tracker.init(frames[0], np.array([FIRST]))
    for frame in frames[1:4]:
        tracker.update(frame)
    tracker.add(frames[3], np.array([SECOND]))
    joined = [tracker.update(frame) for frame in frames[4:]]
    later = track(tracker, frames[3:], [SECOND])
    np.testing.assert_array_equal([scores[0] for _, scores in joined], together[1][3:, 0])
    np.testing.assert_array_equal([scores[1] for _, scores in joined], later[1][:, 0])
    np.testing.assert_array_equal([boxes[1] for boxes, _ in joined], later[0][:, 0])


def test_a_frame_is_encoded_once_for_all_targets(tracker, frames, monkeypatch):
    encoded = []
    encode = tracker.model.get_image_features
    monkeypatch.setattr(tracker.model, "get_image_features", lambda *a, **k: encoded.append(1) or encode(*a, **k))
    tracker.init(frames[0], np.array([FIRST, SECOND]))
    tracker.add(frames[0], np.array([SECOND]))
    assert len(encoded) == 1
    tracker.update(frames[1])
    tracker.add(frames[1], np.array([FIRST]))
    assert len(encoded) == 2


def numbers_held(thing, seen) -> int:
    """Elements of all tensors within a session."""
    if id(thing) in seen:
        return 0
    seen.add(id(thing))
    if isinstance(thing, torch.Tensor):
        return thing.untyped_storage().nbytes() // thing.element_size()
    if isinstance(thing, dict):
        return sum(numbers_held(value, seen) for value in thing.values())
    if isinstance(thing, list | tuple):
        return sum(numbers_held(value, seen) for value in thing)
    return numbers_held(vars(thing), seen) if hasattr(thing, "__dict__") and not isinstance(thing, type) else 0


def test_a_session_stops_growing(tracker, frames):
    tracker.init(frames[0], np.array([FIRST, SECOND]))
    held = []
    for frame in frames[1:]:
        tracker.update(frame)
        held.append(numbers_held(tracker._sessions, set()))
    assert held[0] < held[4] == held[-1]
    # No frame, and of masks none as large as the model's image: features of the frame, masks in memory and pointers.
    features = sum(WIDTH // narrower * (SIZE // stride) ** 2 for narrower, stride in ((8, 4), (4, 8), (1, 16)))
    positions = WIDTH * sum((SIZE // stride) ** 2 for stride in (4, 8, 16))
    memories = 2 * (1 + 2) * 2 * 64 * (SIZE // 16) ** 2  # of two targets the first frame and two more, and where
    assert held[-1] < 1.2 * (features + positions + memories)


def test_the_box_of_a_mask_ends_where_its_last_pixel_does():
    mask = torch.zeros(8, 10, dtype=torch.bool)
    assert mask_box(mask) is None
    mask[3:5, 2:6] = True
    assert mask_box(mask).tolist() == [2, 3, 6, 5]
    mask[7, 9] = True
    assert mask_box(mask).tolist() == [2, 3, 10, 8]
    mask[0, 0] = True
    assert mask_box(mask).tolist() == [0, 0, 10, 8]
    one = torch.zeros(8, 10, dtype=torch.bool)
    one[6, 4] = True
    assert mask_box(one).tolist() == [4, 6, 5, 7]


def test_a_lost_target_keeps_its_box_with_score_0_until_it_is_found_again(tracker, frames, monkeypatch):
    def logits(rows, columns):
        """A mask at a quarter of the frame's resolution."""
        mask = torch.full((1, 1, 12, 20), -1000.0)
        mask[..., rows, columns] = 1000.0
        return mask

    answers = iter(
        [
            (logits(slice(2, 5), slice(5, 9)), 0.9),
            (logits(slice(0), slice(0)), 0.2),
            (logits(slice(0, 3), slice(0, 2)), 0.7),
        ]
    )
    tracker.init(frames[0], np.array([FIRST]))
    monkeypatch.setattr(tracker, "_find", lambda session, pixels: next(answers))
    found = [tracker.update(frame) for frame in frames[1:4]]
    assert [boxes.tolist() for boxes, _ in found] == [[[20, 8, 36, 20]], [[20, 8, 36, 20]], [[0, 0, 8, 12]]]
    assert [scores.tolist() for _, scores in found] == [[pytest.approx(0.9)], [0], [pytest.approx(0.7)]]


def test_boxes_are_prompts_in_the_models_pixels(tracker, frames):
    tracker.init(frames[0], np.array([[10.0, 12.0, 40.0, 36.0], [70.0, -6.0, 90.0, 24.0]]))
    prompts = [session.point_inputs_per_obj[0][0] for session in tracker._sessions]
    # A frame of 80×48 becomes an image of 64×64, and boxes are cut to it; 2 and 3 stand for a box's two corners.
    assert prompts[0]["point_coords"].flatten().tolist() == pytest.approx([8, 16, 32, 48])
    assert prompts[1]["point_coords"].flatten().tolist() == pytest.approx([56, 0, 64, 32])
    assert prompts[0]["point_labels"].flatten().tolist() == [2, 3]


def test_a_target_outside_of_the_frame_is_lost_from_the_start(tracker, frames):
    boxes, scores = track(tracker, frames[:3], [[-30, 5, -10, 20], FIRST])
    assert boxes[:, 0].tolist() == [[0, 5, 0, 20]] * 2
    assert scores[:, 0].tolist() == [0, 0]
    np.testing.assert_array_equal(scores[:, 1], track(tracker, frames[:3], [FIRST])[1][:, 0])


def test_without_targets_there_are_no_boxes(tracker, frames):
    tracker.init(frames[0], np.array([FIRST]))
    tracker.init(frames[0], np.zeros((0, 4)))
    boxes, scores = tracker.update(frames[1])
    assert (boxes.shape, scores.shape) == ((0, 4), (0,))
    with pytest.raises(ValueError, match="positive width and height"):
        tracker.add(frames[1], np.array([[5, 5, 5, 9]]))


def test_algorithm_1_tracks_with_it_alike_one_by_one_and_in_batches(folder, frames):
    found = [Detections.empty()] * 2 + [Detections([FIRST, [60, 2, 78, 20]], [0.9, 0.8], [0, 1])]
    found += [Detections.empty()] * 3
    settings = {"tracker": {"type": "Sam2Tracker", "weights": str(folder), "device": "cpu"}, "overlap_threshold": 1}
    one_by_one, batched = (
        SiameseLinker(**settings, batch_size=size).link(frames[: len(found)], found) for size in (1, 2)
    )
    assert [(tube.start, len(tube), tube.label) for tube in one_by_one] == [(0, 6, 0), (0, 6, 1)]
    for first, second in zip(one_by_one, batched, strict=True):
        np.testing.assert_array_equal(first.boxes, second.boxes)
        np.testing.assert_array_equal(first.scores, second.scores)
        assert first.boxes[2].tolist() in (FIRST, [60, 2, 78, 20])


def test_folders_that_hold_no_whole_model_are_refused(folder, tmp_path, monkeypatch):
    with pytest.raises(InputError, match="absent: no such folder"):
        Sam2Tracker(tmp_path / "absent")
    copy = shutil.copytree(folder, tmp_path / "copy")
    (copy / "processor_config.json").rename(copy / "aside.json")
    with pytest.raises(InputError, match="copy: its processor cannot be read"):
        Sam2Tracker(copy)
    text = (copy / "aside.json").read_text()
    (copy / "processor_config.json").write_text(text.replace(f'"target_size": {SIZE}', '"target_size": 32'))
    with pytest.raises(InputError, match="its processor makes images of 32, the model's 64"):
        Sam2Tracker(copy)
    weights = load_file(copy / "model.safetensors")
    kept = {name: tensor for name, tensor in weights.items() if not name.startswith("memory_encoder.")}
    save_file(kept, copy / "model.safetensors", metadata={"format": "pt"})  # as a SAM 2 of single images has it
    with pytest.raises(InputError, match=r"are missing, first \['memory_encoder\."):
        Sam2Tracker(copy)
    (copy / "model.safetensors").unlink()
    with pytest.raises(InputError, match="copy: its weights cannot be read"):
        Sam2Tracker(copy)
    monkeypatch.setitem(sys.modules, "transformers", None)
    with pytest.raises(InputError, match=r"pip install 'actorsup\[transformers\]'"):
        Sam2Tracker(folder)
