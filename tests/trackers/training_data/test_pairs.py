"""Pairs of real frames: where the target lies in the crops, which frames are drawn, what is refused."""

import cv2
import numpy as np
import pytest
import torch
from torch.utils.data import DataLoader

from actorsup.errors import InputError
from actorsup.registry import DATASETS
from actorsup.synthetic.generated_pairs import GeneratedPairs
from actorsup.trackers.training_data import (
    MixedPairs,
    PairAugmentation,
    SequencePairs,
    SequenceSource,
    StillPairs,
    TrackingSequence,
)
from actorsup.trackers.training_data.pairs import vary_pair

PLAIN = {"max_shift": 0, "max_stretch": 0, "flip": 0, "variation": 0}


@DATASETS.register_module()
class SquareThatGrows(SequenceSource):
    """A white square of 10 + frame pixels on black, in frames of 200×160; every third frame is annotated."""

    def __init__(self, num_frames: int = 40, annotated_every: int = 3) -> None:
        self.names = ("square",)
        self.num_frames = num_frames
        self.annotated_every = annotated_every

    def read(self, name: str) -> TrackingSequence:
        frames = np.zeros((self.num_frames, 160, 200, 3), np.uint8)
        boxes = np.full((self.num_frames, 4), np.nan)
        for index, frame in enumerate(frames):
            x, y, side = 60 + index, 50, 10 + index
            frame[y : y + side, x : x + side] = 255
            if index % self.annotated_every == 0:
                boxes[index] = (x, y, x + side, y + side)
        return TrackingSequence(name, frames, boxes)


def white_box(image: torch.Tensor) -> list[float]:
    """The box of what is white in a crop ``(3, h, w)``."""
    rows, columns = np.nonzero(image[0].numpy() > 127)
    return [columns.min(), rows.min(), columns.max() + 1, rows.max() + 1]


def test_both_crops_show_the_target_in_the_middle_at_one_size():
    pairs = SequencePairs({"type": "SquareThatGrows"}, num_pairs=10, augmentation=PLAIN)
    for pair in pairs:
        assert pair["exemplar"].shape == (3, 127, 127)
        assert pair["search"].shape == (3, 255, 255)
        # A square's context doubles its side: 127 pixels of crop show 63.5 of target, 127 / 4 to each side.
        np.testing.assert_allclose(white_box(pair["exemplar"]), [31.75, 31.75, 95.25, 95.25], atol=1.5)
        np.testing.assert_allclose(white_box(pair["search"]), [95.75, 95.75, 159.25, 159.25], atol=1.5)
        assert pair["offset"].tolist() == [0, 0]


def test_the_offset_says_where_the_target_is_however_it_is_shifted_stretched_and_flipped():
    augmentation = {"max_shift": 40, "max_stretch": 0.2, "flip": 0.5, "variation": 0}
    offsets = []
    for pair in SequencePairs({"type": "SquareThatGrows"}, num_pairs=30, augmentation=augmentation):
        x1, y1, x2, y2 = white_box(pair["search"])
        found = np.array([x1 + x2, y1 + y2]) / 2 - 127.5
        np.testing.assert_allclose(found, pair["offset"], atol=1)
        assert 63.5 / 1.2 - 1.5 <= x2 - x1 <= 63.5 / 0.8 + 1.5
        offsets.append(pair["offset"].numpy())
    assert np.abs(offsets).max() <= 40
    assert np.std(offsets, axis=0).min() > 10


def test_frames_are_annotated_and_at_most_so_far_apart():
    pairs = SequencePairs({"type": "SquareThatGrows", "num_frames": 120}, num_pairs=1, max_gap=9)
    sequence = pairs.source[0]
    drawn = np.array([pairs._draw_frames(np.random.default_rng(seed), sequence) for seed in range(200)])
    assert (drawn % 3 == 0).all()
    gaps = drawn[:, 1] - drawn[:, 0]
    assert set(gaps.tolist()) == {-9, -6, -3, 3, 6, 9}


def test_a_frame_without_an_annotated_neighbour_is_named():
    pairs = SequencePairs({"type": "SquareThatGrows", "annotated_every": 20}, num_pairs=1, max_gap=5)
    with pytest.raises(InputError, match=r"square: no other frame within 5 of frame (0|20) is annotated"):
        pairs[0]


@pytest.fixture
def stills(tmp_path, rng):
    for name in ("a", "b"):
        cv2.imwrite(str(tmp_path / f"{name}.png"), rng.integers(0, 100, (120, 160, 3), dtype=np.uint8))
    return tmp_path


def test_both_crops_of_a_still_image_show_the_same(stills):
    for pair in StillPairs(stills, num_pairs=5, augmentation=PLAIN):
        torch.testing.assert_close(pair["exemplar"], pair["search"][:, 64:191, 64:191], atol=1, rtol=0)


def test_regions_of_every_image_are_drawn(stills):
    pairs = StillPairs(stills, num_pairs=20)
    assert len(pairs.images) == 2
    exemplars = {pair["exemplar"].numpy().tobytes() for pair in pairs}
    assert len(exemplars) == 20


def test_pairs_follow_from_seed_and_index_alone(stills):
    settings = {"type": "MixedPairs", "num_pairs": 6, "shares": [1, 1], "parts": []}
    settings["parts"] = [
        {"type": "GeneratedPairs", "num_pairs": 1, "num_textures": 6},
        {"type": "StillPairs", "images": stills, "num_pairs": 1},
    ]
    alone = DATASETS.build(settings)
    with_workers = DataLoader(DATASETS.build(settings), batch_size=None, num_workers=2, multiprocessing_context="fork")
    for first, second in zip([alone[index] for index in range(6)], with_workers, strict=True):
        assert all(torch.equal(first[name], second[name]) for name in ("exemplar", "search", "offset"))
    other = DATASETS.build({**settings, "seed": 1})
    assert not any(torch.equal(alone[index]["search"], other[index]["search"]) for index in range(6))


def test_a_share_of_nothing_is_never_drawn(stills):
    parts = [{"type": "StillPairs", "images": stills, "num_pairs": 1}] * 2
    mixed = MixedPairs(parts, shares=[0, 1], num_pairs=10)
    mixed.parts[0].draw = None
    assert len(list(mixed)) == 10


def test_stills_that_are_missing_or_unreadable_are_named(tmp_path):
    with pytest.raises(InputError, match="absent: no such folder"):
        StillPairs(tmp_path / "absent", num_pairs=1)
    with pytest.raises(InputError, match="holds no image"):
        StillPairs(tmp_path, num_pairs=1)
    (tmp_path / "broken.png").write_bytes(b"")
    with pytest.raises(InputError, match=r"broken\.png: cannot be decoded as an image"):
        StillPairs(tmp_path, num_pairs=1)[0]


@pytest.mark.parametrize("setting", [{"max_shift": -1}, {"max_stretch": 1}, {"flip": 2}, {"variation": -0.1}])
def test_an_augmentation_out_of_range_is_refused(setting):
    with pytest.raises(InputError, match="expected max_shift >= 0"):
        PairAugmentation(**setting)


def test_settings_out_of_range_are_refused(stills):
    with pytest.raises(InputError, match="GeneratedPairs: expected num_pairs >= 1"):
        GeneratedPairs(0)
    with pytest.raises(InputError, match="max_gap must be at least 1 frame, got 0"):
        SequencePairs({"type": "SquareThatGrows"}, num_pairs=1, max_gap=0)
    with pytest.raises(InputError, match="StillPairs holds no tracking sequences"):
        SequencePairs({"type": "StillPairs", "images": stills, "num_pairs": 1}, num_pairs=1)
    with pytest.raises(InputError, match="a share >= 0 for each of 1 parts"):
        MixedPairs([{"type": "StillPairs", "images": stills, "num_pairs": 1}], shares=[1, 1], num_pairs=1)
    with pytest.raises(InputError, match="SquareThatGrows holds no pairs"):
        MixedPairs([{"type": "SquareThatGrows"}], shares=[1], num_pairs=1)
    with pytest.raises(IndexError):
        StillPairs(stills, num_pairs=1)[1]


@pytest.mark.parametrize("strength", [0.5, 1.0])
def test_appearance_varies_but_the_picture_remains(rng, strength):
    image = cv2.resize(rng.integers(0, 255, (12, 12, 3), dtype=np.uint8), (127, 127), interpolation=cv2.INTER_CUBIC)
    correlations = []
    for _ in range(60):
        for result in vary_pair(rng, image, image, strength):
            assert (result.shape, result.dtype) == (image.shape, np.uint8)
            assert not np.array_equal(result, image)
            gray, original = (cv2.cvtColor(one, cv2.COLOR_RGB2GRAY).ravel() for one in (result, image))
            correlations.append(np.corrcoef(gray, original)[0, 1])
    assert np.mean(correlations) > 0.9


def test_without_strength_nothing_varies(rng):
    image = rng.integers(0, 255, (20, 20, 3), dtype=np.uint8)
    assert all(np.array_equal(result, image) for result in vary_pair(rng, image, image, 0))
