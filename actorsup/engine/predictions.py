"""Measure the predictions of others, without a model."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from mmengine.evaluator import Evaluator

from actorsup.datasets.formats import AVA, ACTPickle, DatasetFormat, VideoCollection, VideosFile
from actorsup.datasets.formats.ava import UNIT
from actorsup.datasets.predictions import PredictedBoxes, Predictions, read_predictions
from actorsup.datasets.video_files import find_videos
from actorsup.errors import InputError
from actorsup.evaluation.functional import FRAME_PROTOCOLS, MULTISPORTS_EXCLUDED_CLASSES, FrameBoxes, match_frames
from actorsup.evaluation.functional.video_overlaps import check_excluded, check_known
from actorsup.evaluation.metrics import FrameMAP, PredictedVideos, TubeDiagnosis, TubeMAP
from actorsup.structures import RankedTubes, Tube, VideoSample

from .test import Evaluation, save_evaluation, with_tables


def annotation_of(
    path: str | Path,
    label_map: str | Path | None = None,
    excluded_timestamps: str | Path | None = None,
    split_number: int = 1,
) -> DatasetFormat:
    """The annotation that a file is: ``.json``, a pickle of ACT-detector, or a CSV file of AVA, in seconds.

    The options are those of :class:`AVA` and :class:`ACTPickle`.
    """
    path = Path(path)
    if path.suffix in (".pkl", ".pickle"):
        return ACTPickle(path, split_number=split_number)
    if path.suffix == ".csv":
        options = {"label_map": label_map, "excluded_timestamps": excluded_timestamps}
        paths = {name: Path(option).resolve() for name, option in options.items() if option is not None}
        return AVA(path, **paths, frame_rate=1.0, first_second=0.0)
    if path.name.endswith((".json", ".json.gz")):
        return VideosFile(path)
    raise InputError(
        f"{path}: expected an annotation file (.json), a ground-truth pickle (.pkl) or AVA's CSV file; "
        "`actorsup convert` makes the first of other formats"
    )


def measure_predictions(
    truth: DatasetFormat,
    predictions: str | Path,
    work_dir: str | Path,
    split: str | None = "test",
    protocol: str | None = None,
    thresholds: Sequence[float] | None = None,
    max_per_class: int | None = None,
    nms: float | None = None,
    excluded_classes: Sequence[str] = (),
    diagnose_at: float | None = None,
    videos: str | Path | None = None,
) -> tuple[Evaluation, tuple[str, ...]]:
    """Measure predictions against the annotated videos of a split.

    Of tubes video-mAP, frame-mAP and perhaps the diagnosis, of single boxes frame-mAP. Into ``work_dir`` goes what
    :func:`actorsup.engine.evaluate` writes there. Returns the numbers, and notes about what was taken for granted.

    Args:
        truth: the annotation, as ``annotation_of`` finds it.
        predictions: what ``read_predictions`` reads.
        work_dir: folder for the results.
        split: of the annotation; None takes all videos.
        protocol: of video-mAP, or of frame-mAP where there are boxes alone; None is ``act``, for AVA ``ava``.
        thresholds: of overlap; None is .2, .5 and .75, and for single boxes .5.
        max_per_class: count only so many best tubes of a video for each class.
        nms: first suppress tubes of a class that overlap a better one by more than this.
        excluded_classes: names of classes that are left out; ``multisports`` stands for its six.
        diagnose_at: the overlap at which the errors of tubes are diagnosed; None leaves that out.
        videos: folder of the videos, which a report then shows.

    Raises:
        InputError: naming file and value, if anything in the files is wrong, a video is predicted that is not one of
            the split, or nothing of it is annotated.
    """
    collection = truth.read(None if split is None else [split])
    found = read_predictions(predictions, truth, collection)
    true = {video.video: video.tubes for video in collection.videos if video.tubes is not None}
    predicted = found.tubes or found.boxes
    if not predicted:
        raise InputError(f"{predictions}: holds no prediction that counts")
    in_shares = [video.video for video in collection.videos if video.tubes and video.size == UNIT]
    if found.tubes and in_shares:
        raise InputError(
            f"{truth.path}: video {in_shares[0]}: its boxes are shares of the frame (size [1, 1]), and tubes are "
            "measured in pixels, of which protocols add one: give the annotation in pixels of the videos"
        )
    for video in predicted:
        check_known(video, true)
    notes = list(found.notes)
    if without := sorted(true.keys() - predicted.keys()):
        shown = ", ".join(without[:5]) + (" and others" if len(without) > 5 else "")
        notes.append(
            f"{len(without)} of {len(true)} videos have no predictions, all their true tubes are missed: {shown}"
        )
    groups = {"multisports": MULTISPORTS_EXCLUDED_CLASSES}
    options = {"excluded_classes": [name for given in excluded_classes for name in groups.get(given, (given,))]}
    if found.boxes:
        if max_per_class is not None or nms is not None or diagnose_at is not None:
            raise InputError(f"{predictions}: holds single boxes; a limit, suppression and diagnosis are of tubes")
        metric = FrameMAP(thresholds or (0.5,), *_frame_protocols(protocol, truth), **options)
        metrics, numbers = [metric], _measure_boxes(metric, found.boxes, true, collection, truth)
    else:
        limits = {"max_per_class": max_per_class, "nms": nms, **options}
        of_tubes = {"protocol": protocol or "act", **limits}
        of_frames = {"protocol": protocol if protocol in FRAME_PROTOCOLS else "act", **options}
        metrics = [TubeMAP(thresholds or (0.2, 0.5, 0.75), **of_tubes), FrameMAP(**of_frames), PredictedVideos()]
        if diagnose_at is not None:
            metrics.append(TubeDiagnosis(diagnose_at, **of_tubes))
        numbers = _measure_tubes(metrics, found, true, collection)
    for kept in [metric for metric in metrics if isinstance(metric, PredictedVideos)]:
        _as_log_probabilities([tube for entry in kept.predictions for tube in entry["tubes"]])
    result = with_tables(numbers, metrics)
    paths = {video: video for video in true}
    if videos is not None:
        paths |= {video: str(path.resolve()) for video, path in find_videos(Path(videos), true).items()}
    save_evaluation(work_dir, str(predictions), result, metrics, paths)
    return result, tuple(notes)


def _measure_tubes(
    metrics: Sequence, found: Predictions, true: Mapping[str, Sequence[Tube]], collection: VideoCollection
) -> dict[str, float]:
    evaluator = Evaluator(metrics)
    evaluator.dataset_meta = collection.metainfo
    labels = {video.video: video.labels for video in collection.videos}
    nothing = RankedTubes((), np.zeros((0, len(collection.classes))), np.zeros(0, np.int64))
    for video, tubes in true.items():
        ranked = found.tubes.get(video, nothing)
        evaluator.process([VideoSample.of_predictions(video, ranked, tuple(tubes), labels=labels[video])])
    return {name: float(value) for name, value in evaluator.evaluate(len(true)).items()}


def _as_log_probabilities(tubes: Sequence[dict]) -> None:
    """Make scores of any kind what a page shows: of probabilities the logarithms; others relative to the highest."""
    scores = [tube["score"] for tube in tubes]
    highest, are_logarithms = max(scores, default=0.0), min(scores, default=0.0) < 0
    for tube, score in zip(tubes, scores, strict=True):
        if are_logarithms:
            tube["score"] = score - max(highest, 0.0)
        else:
            tube["score"] = float(np.log(max(score, np.finfo(float).tiny) / max(highest, 1.0)))


def _measure_boxes(
    metric: FrameMAP,
    found: Mapping[str, PredictedBoxes],
    true: Mapping[str, Sequence[Tube]],
    collection: VideoCollection,
    truth: DatasetFormat,
) -> dict[str, float]:
    metric.dataset_meta = collection.metainfo
    excluded = check_excluded(metric.excluded_classes, metric.classes)
    num_classes = len(collection.classes)
    nothing = PredictedBoxes(np.zeros(0, np.int64), np.zeros((0, 4)), np.zeros((0, num_classes)))
    matches = []
    for video, tubes in true.items():
        of_video = found.get(video, nothing)
        boxes = FrameBoxes.unlinked(video, of_video.frames, of_video.boxes, of_video.scores)
        keyframes = None
        if isinstance(truth, AVA):  # whose own evaluation counts detections in every keyframe that is not excluded
            marked = [tube.marked_frames for tube in tubes]
            keyframes = np.unique(np.concatenate([of_video.frames, *marked]).astype(np.int64))
        matches.append(match_frames(boxes, tubes, metric.thresholds, metric.protocols, keyframes, excluded))
    return metric.compute_metrics(matches)


def _frame_protocols(protocol: str | None, truth: DatasetFormat) -> tuple[str, Sequence[str] | None]:
    """The chosen one, and those beside it; AVA's boxes are shares of the frame, to which no pixel can be added."""
    if not isinstance(truth, AVA):
        return protocol or "act", None
    exact = [
        name
        for name, each in FRAME_PROTOCOLS.items()
        if not each.overlap.detection_offset and not each.overlap.ground_truth_offset
    ]
    if protocol is not None and protocol not in exact:
        raise InputError(f"protocol {protocol!r} adds a pixel to boxes, AVA's have none: choose {', '.join(exact)}")
    return protocol or "ava", exact
