"""A work directory as the tools leave it, without running them; its names are hostile."""

import json
from pathlib import Path

from tests.conftest import moving_square, write_video

HOSTILE = "</script><img src=x onerror=alert(1)>"
CLASSES = ["walk", HOSTILE]
NUM_FRAMES = 12


def boxes(left: float) -> list[list[float]]:
    return [[left + 2 * index, 16.0, left + 20 + 2 * index, 36.0] for index in range(NUM_FRAMES)]


def entry(folder: Path, name: str, label: int, given: int, overlap: float | None) -> dict:
    scores = [0.1, 0.1]
    scores[given] = 0.9
    return {
        "path": str(folder / f"{name}.avi"),
        "video": name,
        "labels": [label],
        "video_scores": scores,
        "overlap": overlap,
        "tubes": [
            {"tube": 0, "score": -0.1, "start": 0, "label": given, "boxes": boxes(4)},
            {"tube": 1, "score": -0.7, "start": 2, "label": 1 - given, "boxes": boxes(30)[2:]},
        ],
        "true_tubes": [{"start": 0, "label": label, "boxes": boxes(6)}],
    }


def make_run(folder: Path, wrong: tuple[int, ...] = (1,), loss: float = 2.0, num_videos: int = 4) -> Path:
    """Write what the tools write, with videos; those of ``wrong`` are given the other class."""
    videos = folder.parent / "videos"
    entries, diagnosed = [], {}
    for index in range(num_videos):
        name, label = f"video_{index}", index % 2
        if not (videos / f"{name}.avi").exists():
            write_video(videos / f"{name}.avi", moving_square(NUM_FRAMES))
        is_wrong = index in wrong
        entries.append(entry(videos, name, label, 1 - label if is_wrong else label, 0.1 if is_wrong else 0.9))
        false = [{"tube": 1, "class": 0, "rank": 1, "score": -0.7, "reason": "background", "true_tube": None}]
        diagnosed[name] = {
            "true_tubes": [{"class": label, "reason": "classified_wrongly" if is_wrong else "found"}],
            "false_detections": false if is_wrong else [],
        }
    rows = [{"IoU": "0.5", "act": 0.5, "voc": 0.25}]
    of_classes = [{"class": name, "num_ground_truth": 2, "AP@0.5": 0.5} for name in CLASSES]
    table = [{"number": 1, "share": 0.5, "mAP gain": 0.0, "among the best": 1}]
    files = {
        "test_metrics.json": {
            "measured": "epoch_3.pth",
            "metrics": {"mAP@0.5": 0.5},
            "tables": {"mAP by protocol": rows, "AP by class, act": of_classes},
        },
        "predictions.json": {"measured": "epoch_3.pth", "classes": CLASSES, "reader": None, "videos": entries},
        "diagnosis.json": {
            "diagnoses": [
                {
                    "threshold": 0.5,
                    "true_tubes": [{"true tubes": name, **table[0]} for name in ("found", "all missed")],
                    "false_detections": [{"false detections": name, **table[0]} for name in ("background", "all")],
                    "videos": diagnosed,
                }
            ]
        },
        "proposal_metrics.json": {
            "color/siamese": {
                "store": "tubes",
                "curves": [{"store": "s", "curve": "number@0.5", "x": x, "recall": x / 4} for x in (1.0, 2.0)],
            }
        },
    }
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in files.items():
        (folder / name).write_text(json.dumps(content))
    write_log(folder, "20260101_000000", [{"loss": loss / step, "step": step} for step in (1, 2, 3)])
    return folder


def write_log(folder: Path, start: str, rows: list[dict]) -> None:
    path = folder / start / "vis_data" / "scalars.json"
    path.parent.mkdir(parents=True)
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
