"""Draw how the method works, on a video of `make demo`: what its parts really give, from the stored tubes to the label.

Three pictures land in OUT: linking.webp (Algorithm 1), pooling.webp and attention.webp. docs/method.md shows them:

    python tools/figures/how_it_works.py demo_puppets work_dirs/demo/epoch_15.pth test/jumping_jack/0003 docs/figures
"""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from actorsup.cli.running import run
from actorsup.engine import load_config
from actorsup.engine.config import proposal_config_of, with_proposals
from actorsup.errors import InputError
from actorsup.io import open_video
from actorsup.io.checkpoints import read_checkpoint
from actorsup.io.files import whole_file
from actorsup.registry import DATASETS, LINKERS, MODELS
from actorsup.structures import Tube
from actorsup.trackers.crops import EXEMPLAR_SIZE, SEARCH_SIZE, context_sides, crop_rectangles
from actorsup.visualization import equal_steps
from actorsup.visualization.curves import COLORS

WIDTH, DPI = 11.0, 110  # inches, pixels an inch


class Example:
    """A video of a config's test set, and what a trained model says of it.

    Attributes:
        frames: ``(T, H, W, 3)`` uint8, RGB.
        sample: with tubes and scores.
        scale: ``(2,)``, width and height of the frames that the model sees over those of the video.
    """

    def __init__(self, config: str, checkpoint: str, video: str) -> None:
        self.config = load_config(config)
        dataset = DATASETS.build(with_proposals(self.config).test_dataloader.dataset)
        names = [dataset.get_data_info(index)["video"] for index in range(len(dataset))]
        if video not in names:
            raise InputError(f"{video}: no test video of {config}, which has {', '.join(names[:5])} …")
        item = dataset[names.index(video)]
        self.frames = open_video(dataset.get_data_info(names.index(video))["path"]).read_all()
        self.classes = dataset.metainfo["classes"]
        self.scale = np.array(item["inputs"].shape[:-3:-1]) / self.frames.shape[2:0:-1]
        self.model = MODELS.build(self.config.model).eval()
        self.model.load_state_dict(read_checkpoint(checkpoint, owner="the config's model")["state_dict"])
        batch = {key: [value] for key, value in item.items()}
        with torch.no_grad():
            (self.sample,) = self.model.test_step(batch)
            self.features = self.model.frame_features(**self.model.data_preprocessor(batch))  # (P, N, C, Y, X)
        self.label = self.sample.labels[0]
        self.order = np.argsort(-self.sample.tube_scores[:, self.label], kind="stable")

    def color(self, tube: int) -> str:
        """That of a tube, by its rank for the video's label."""
        return COLORS[int(np.flatnonzero(self.order == tube)[0]) % len(COLORS)]


def show(axes: Axes, picture: np.ndarray, title: str = "", **settings) -> None:
    """A picture without ticks."""
    axes.imshow(picture, **settings)
    axes.set(xticks=[], yticks=[])
    axes.set_title(title, fontsize=9)


def add_box(axes: Axes, box: Sequence[float], color: str, **style) -> None:
    """A box ``x1 y1 x2 y2``."""
    size = box[2] - box[0], box[3] - box[1]
    axes.add_patch(Rectangle(box[:2], *size, **{"fill": False, "edgecolor": color, "linewidth": 1.8, **style}))


def linking(example: Example, num_frames: int = 6) -> Figure:
    """Detections, the search for one of them, and the tubes."""
    proposals = proposal_config_of(example.config)
    name = example.sample.video
    detections = proposals.detections.load(name)
    indices = equal_steps(len(example.frames), num_frames)
    figure = Figure(figsize=(WIDTH, 5.6), layout="constrained")
    rows = figure.subplots(3, len(indices))
    for axes, index in zip(rows[0], indices, strict=True):
        show(axes, example.frames[index], f"frame {index}")
        for box, score in zip(detections[index].boxes, detections[index].scores, strict=True):
            add_box(axes, box, COLORS[4], linewidth=0.8 + 1.4 * float(score), alpha=0.35 + 0.65 * float(score))
    best = example.sample.proposals[example.order[0]]
    for axes, index, picture in zip(rows[1], indices, search(example, best, indices), strict=True):
        show(axes, picture[0], {indices[0]: "the best detection", indices[1]: "its similarity"}.get(index, ""))
        if picture[1] is not None:
            near, far = ((SEARCH_SIZE + side) / 2 for side in (-len(picture[1]), len(picture[1])))
            axes.imshow(picture[1], cmap="inferno", alpha=0.55, extent=(near, far, far, near))
            axes.set(xlim=(0, SEARCH_SIZE), ylim=(SEARCH_SIZE, 0))
    for axes, index in zip(rows[2], indices, strict=True):
        show(axes, example.frames[index])
        for tube, proposal in enumerate(example.sample.proposals):
            if proposal.start <= index < proposal.end:
                add_box(axes, proposal.boxes[index - proposal.start], example.color(tube))
    for axes, text in zip(rows[:, 0], ("detections", "one target", "tubes"), strict=True):
        axes.set_ylabel(text, fontsize=10)
    return figure


def search(example: Example, tube: Tube, indices: Sequence[int]) -> list[tuple[np.ndarray, np.ndarray | None]]:
    """What the tracker sees of a tube that it made: first its target, then the regions with the similarity in them.

    The similarity is laid out in pixels of the region, a square of the cells' span around its middle.
    """
    tracker = LINKERS.build(proposal_config_of(example.config).linker).tracker
    network = tracker.network

    def region(index: int, of_box: int, size: int) -> torch.Tensor:
        box = torch.tensor(tube.boxes[[max(of_box - tube.start, 0)]])
        center, sides = (box[:, :2] + box[:, 2:]) / 2, context_sides(box[:, 2:] - box[:, :2])[:, None]
        image = torch.from_numpy(example.frames[index]).permute(2, 0, 1).float()
        return crop_rectangles(image, center, sides * (size / EXEMPLAR_SIZE), size)

    def as_picture(crop: torch.Tensor) -> np.ndarray:
        return crop[0].permute(1, 2, 0).round().clamp(0, 255).to(torch.uint8).numpy()

    exemplar = region(indices[0], indices[0], EXEMPLAR_SIZE)
    found = [(as_picture(exemplar), None)]
    with torch.no_grad():
        template = network.to_templates(network.embed(network.preprocess(exemplar[0])[None]))
        for index in indices[1:]:
            crop = region(index, index - 1, SEARCH_SIZE)
            features = network.embed(network.preprocess(crop[0])[None])
            response = network.correlation(template, features[:, None])[0, 0]
            span = response.shape[-1] * network.stride
            fine = torch.nn.functional.interpolate(response[None, None], size=(span, span), mode="bicubic")
            found.append((as_picture(crop), fine[0, 0].numpy()))
    return found


def pooling(example: Example, num_frames: int = 5) -> Figure:
    """Where the best tube is sampled in its frames, and what is left of it over time."""
    tube = example.order[0]
    grid = example.model.pooling.output_size
    figure = Figure(figsize=(WIDTH, 2.5), layout="constrained")
    indices = equal_steps(len(example.sample.frame_indices), num_frames)
    names = getattr(example.model.pooling, "statistics", ("mean",))
    panels = figure.subplots(1, len(indices) + len(names))
    axes_of_frames, axes_of_statistics = np.split(panels, [len(indices)])
    for axes, index in zip(axes_of_frames, indices, strict=True):
        box = example.sample.tubes[tube, index].numpy() / np.tile(example.scale, 2)
        sides = zip(grid, box[1::-1], box[:1:-1], strict=True)  # (Y, y1, y2), (X, x1, x2)
        y, x = (low + (np.arange(n) + 0.5) / n * (high - low) for n, low, high in sides)
        margin = 0.25 * max(box[2:] - box[:2])
        show(axes, example.frames[example.sample.frame_indices[index]], f"frame {example.sample.frame_indices[index]}")
        axes.set(xlim=(box[0] - margin, box[2] + margin), ylim=(box[3] + margin, box[1] - margin))
        add_box(axes, box, example.color(tube))
        axes.plot(*map(np.ravel, np.meshgrid(x, y)), ".", color="white", markersize=5, markeredgecolor="black")
    num_channels, weights = example.features.shape[2], example.sample.frame_mask.float()
    pooled = example.model.pooling.over_time(example.features, weights)[tube].unflatten(0, (-1, num_channels))
    for axes, name, statistic in zip(axes_of_statistics, names, pooled, strict=True):
        show(axes, statistic.norm(dim=0).numpy(), f"{name} over time", cmap="viridis")
    axes_of_frames[0].set_ylabel("the best tube", fontsize=10)
    axes_of_statistics[0].set_ylabel(f"length of the feature, {grid[0]}×{grid[1]}", fontsize=8)
    return figure


def attention(example: Example) -> Figure:
    """The tubes of a video, how much each says of every class, and the order for the video's label."""
    middle = len(example.frames) // 2
    figure = Figure(figsize=(WIDTH, 3.6), layout="constrained")
    frame, matrix, bars = figure.subplots(1, 3, width_ratios=(1.5, 1.3, 1))
    show(frame, example.frames[middle], f"{len(example.order)} tubes, in frame {middle}")
    for rank, tube in reversed(list(enumerate(example.order))):
        proposal = example.sample.proposals[tube]
        if proposal.start <= middle < proposal.end:
            box = proposal.boxes[middle - proposal.start]
            add_box(frame, box, example.color(tube))
            style = {"color": "white", "fontsize": 8, "va": "top", "backgroundcolor": example.color(tube)}
            frame.text(box[0] + 2, box[1] + 2, str(rank + 1), **style)
    scores = np.exp(example.sample.tube_scores[example.order])
    matrix.imshow(scores, cmap="Greys", vmin=0, aspect="auto")
    matrix.set_xticks(range(len(example.classes)), example.classes, rotation=35, ha="right", fontsize=8)
    matrix.set_yticks(range(len(scores)), [f"tube {rank + 1}" for rank in range(len(scores))], fontsize=8)
    matrix.set_title("score of each tube for each class", fontsize=9)
    ranks = np.arange(len(scores))
    bars.barh(ranks, scores[:, example.label], color=[example.color(tube) for tube in example.order])
    bars.set(ylim=(len(scores) - 0.5, -0.5), yticks=[], xlim=(0, None))
    bars.set_title(f"ranked for the label, {example.classes[example.label]}", fontsize=9)
    return figure


def draw(config: str, checkpoint: str, video: str, out: Path) -> None:
    """Write the pictures."""
    example = Example(config, checkpoint, video)
    out.mkdir(parents=True, exist_ok=True)
    for make in (linking, pooling, attention):
        path = out / f"{make.__name__}.webp"
        with whole_file(path) as temporary:
            make(example).savefig(temporary, format="webp", dpi=DPI, pil_kwargs={"quality": 80})
        print(f"{path}: {path.stat().st_size / 1e3:.0f} kB")


def main(arguments: Sequence[str] | None = None) -> int:
    """Read the arguments and draw."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("config")
    parser.add_argument("checkpoint")
    parser.add_argument("video", help="its name in the test set")
    parser.add_argument("out", type=Path)
    chosen = parser.parse_args(arguments)
    return run(lambda: draw(chosen.config, chosen.checkpoint, chosen.video, chosen.out))


if __name__ == "__main__":
    sys.exit(main())
