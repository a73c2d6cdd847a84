"""From a predicted sample to what the measures of ranked tubes take."""

from collections.abc import Sequence

from actorsup.errors import InputError
from actorsup.evaluation.functional import OverlapRule, ScoredVideo
from actorsup.structures import VideoSample


def scored_video(sample: VideoSample, num_classes: int, rules: Sequence[OverlapRule]) -> dict[OverlapRule, ScoredVideo]:
    """The sample's ranked tubes, their overlaps measured by each rule.

    Raises:
        InputError: if the scores are missing, of another shape, or NaN, or a true label is outside the classes.
    """
    ranked = sample.ranked_tubes
    expected = (len(ranked.tubes), num_classes)
    actual = None if ranked.scores is None else ranked.scores.shape
    if actual != expected:
        raise InputError(
            f"{sample.video}: the {expected[0]} ranked tubes and {expected[1]} classes of the data set need tube "
            f"scores of shape {expected}, the model gave {actual}: its num_classes must be that of the data set"
        )
    return ScoredVideo.under_rules(sample.video, ranked.tubes, sample.ground_truth, ranked.scores, rules)
