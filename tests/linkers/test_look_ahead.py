import numpy as np

from actorsup.linkers.siamese_linker import Candidates, guess_track, look_ahead


def candidates(*rows) -> Candidates:
    """Of rows ``(frame, x, score)``: boxes of 20×10 pixels at x."""
    frame, x, score = (np.array(column, dtype=np.float32) for column in zip(*rows, strict=True))
    boxes = np.stack([x, 0 * x, x + 20, 0 * x + 10], axis=1)
    return Candidates(frame.astype(int), boxes, score, np.zeros(len(rows), dtype=int))


def test_a_track_is_guessed_along_the_detections_and_stands_still_where_there_are_none():
    found = candidates((0, 0, 0.5), (1, 4, 0.9), (3, 9, 0.5), (3, 90, 0.8))
    boxes = guess_track(found, 1, num_frames=5)
    assert boxes[:, 0].tolist() == [0, 4, 4, 9, 9]


def test_a_guessed_track_keeps_its_aspect_ratio():
    found = candidates((0, 0, 0.9), (1, 0, 0.5))
    found.boxes[1] = [2, 0, 22, 8]
    (box,) = guess_track(found, 0, num_frames=2)[1:]
    size = box[2:] - box[:2]
    np.testing.assert_allclose([size[0] / size[1], size.prod()], [2, 160], rtol=1e-6)
    np.testing.assert_allclose((box[:2] + box[2:]) / 2, [12, 4], rtol=1e-6)


def test_the_lookahead_names_one_seed_for_each_actor_by_score():
    found = candidates((0, 0, 0.5), (0, 50, 0.7), (1, 1, 0.9), (1, 51, 0.6), (2, 100, 0.1))
    remaining = np.ones(5, dtype=bool)
    seeds = look_ahead(found, remaining, {}, 3, num_tubes=20, overlap_threshold=0.7, max_seeds=20)
    assert seeds == [2, 1, 4]
    assert look_ahead(found, remaining, {}, 3, num_tubes=2, overlap_threshold=0.7, max_seeds=20) == [2, 1]
    assert look_ahead(found, remaining, {}, 3, num_tubes=20, overlap_threshold=0.7, max_seeds=1) == [2]
    assert remaining.all()


def test_the_lookahead_names_no_known_track_but_drops_what_it_explains():
    found = candidates((0, 0, 0.9), (1, 0, 0.8), (1, 50, 0.7))
    elsewhere = np.tile(np.float32([50, 0, 70, 10]), (2, 1))
    elsewhere[0] = found.boxes[0]
    seeds = look_ahead(found, np.ones(3, dtype=bool), {0: elsewhere}, 2, 20, overlap_threshold=0.7, max_seeds=20)
    assert seeds == [1]
