from itertools import product

import numpy as np
import pytest

from actorsup.proposals.generator import length_for_sharing, shares_by_length
from tests.conftest import moving_square, write_video


def longest(shares, lengths):
    return max(sum(lengths[name] for name in share) for share in shares)


def test_the_longest_go_first_to_the_least_load():
    lengths = {"a": 2, "b": 7, "c": 5, "d": 4, "e": 3}
    # b → 1, c → 2, d → 2 (5 < 7), e → 1 (7 < 9), a → 2 (9 < 10)
    assert shares_by_length(lengths, 2) == [["b", "e"], ["a", "c", "d"]]


def test_every_video_is_in_one_share_whatever_their_order(rng):
    lengths = {f"v{index}": int(length) for index, length in enumerate(rng.integers(1, 300, 50))}
    shares = shares_by_length(lengths, 7)
    assert sorted(name for share in shares for name in share) == sorted(lengths)
    shuffled = dict(rng.permutation(list(lengths.items())).tolist())
    assert shares_by_length({name: int(length) for name, length in shuffled.items()}, 7) == shares


def test_the_longest_share_is_within_a_third_of_the_best_division(rng):
    for _ in range(20):
        lengths = {str(index): int(length) for index, length in enumerate(rng.integers(1, 30, 7))}
        best = min(
            np.bincount(choice, weights=list(lengths.values()), minlength=3).max()
            for choice in product(range(3), repeat=7)
        )
        assert longest(shares_by_length(lengths, 3), lengths) <= best * 4 / 3


def test_more_processes_than_videos_leave_some_without():
    assert shares_by_length({"a": 1, "b": 5}, 4) == [["b"], ["a"], [], []]
    assert shares_by_length({}, 2) == [[], []]


@pytest.mark.parametrize("kind", ["empty", "absent", "no video", "an empty folder"])
def test_what_cannot_be_read_has_a_length_too(tmp_path, kind):
    path = tmp_path / "video.avi"
    if kind == "empty":
        path.touch()
    elif kind == "no video":
        path.write_text("text")
    elif kind == "an empty folder":
        path.mkdir()
    assert length_for_sharing(path, None) == 1


def test_lengths_are_frames(tmp_path):
    assert length_for_sharing(write_video(tmp_path / "video.avi", moving_square(17)), None) == 17
