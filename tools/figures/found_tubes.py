"""Draw a moving picture of what a run has found: of each action the test video whose best tube fits best.

Coloured is the tube that ranks first for the video's label, while it is there; dashed and white are the true tubes.
The README's is of `make demo`:

    python tools/figures/found_tubes.py work_dirs/demo docs/figures/found_tubes.webp
"""

import argparse
import json
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from PIL import Image

from actorsup.cli.running import run
from actorsup.errors import InputError
from actorsup.io import open_video
from actorsup.io.files import whole_file
from actorsup.structures import Tube
from actorsup.visualization import DrawnTube, draw_tubes
from actorsup.visualization.overlay import class_color


def chosen_videos(predictions: Mapping) -> list[tuple[Mapping, Mapping]]:
    """Of each class the video with the largest overlap, and its best tube of that class."""
    best: dict[int, tuple[Mapping, Mapping]] = {}
    for video in predictions["videos"]:
        for label in video["labels"]:
            tube = next((tube for tube in video["tubes"] if tube["label"] == label), None)
            if tube is not None and (label not in best or video["overlap"] > best[label][0]["overlap"]):
                best[label] = video, tube
    return [best[label] for label in sorted(best)]


def as_tube(entry: Mapping) -> Tube:
    """A tube of the file; its score is that of no frame."""
    return Tube(entry["start"], entry["boxes"], np.ones(len(entry["boxes"])), 1.0, entry["label"])


def drawn_frames(video: Mapping, tube: Mapping, classes: Sequence[str], num_frames: int) -> list[np.ndarray]:
    """The frames of a video with its tubes; a shorter video stands still at its end."""
    frames = open_video(video["path"]).read_all()
    found = DrawnTube(as_tube(tube), class_color(tube["label"]), classes[tube["label"]])
    truth = [DrawnTube.truth(as_tube(each)) for each in video["true_tubes"]]
    indices = np.minimum(np.arange(num_frames), len(frames) - 1)
    return [draw_tubes(frames[index], index, [found, *truth]) for index in indices]


def draw(folder: Path, out: Path, columns: int, num_frames: int, quality: int) -> None:
    """Write the picture."""
    path = folder / "predictions.json"
    if not path.is_file():
        raise InputError(f"{path}: no such file; `actorsup test` and `actorsup demo` write it")
    predictions = json.loads(path.read_text())
    videos = [drawn_frames(*each, predictions["classes"], num_frames) for each in chosen_videos(predictions)]
    videos = videos[: len(videos) // columns * columns] or videos
    rows = [np.concatenate(videos[start : start + columns], axis=2) for start in range(0, len(videos), columns)]
    first, *rest = map(Image.fromarray, np.concatenate(rows, axis=1))
    with whole_file(out) as temporary:
        first.save(
            temporary, format="WEBP", save_all=True, append_images=rest, duration=80, loop=0, quality=quality, method=6
        )
    print(f"{out}: {out.stat().st_size / 1e6:.2f} MB")


def main(arguments: Sequence[str] | None = None) -> int:
    """Read the arguments and draw."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("work_dir", type=Path, help="of a test: it has predictions.json")
    parser.add_argument("out", type=Path, help="a .webp file")
    parser.add_argument("--columns", type=int, default=3)
    parser.add_argument("--frames", type=int, default=48)
    parser.add_argument("--quality", type=int, default=60)
    chosen = parser.parse_args(arguments)
    return run(lambda: draw(chosen.work_dir, chosen.out, chosen.columns, chosen.frames, chosen.quality))


if __name__ == "__main__":
    sys.exit(main())
