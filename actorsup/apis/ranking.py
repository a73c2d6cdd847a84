"""From the scores of tubes to ranked actions."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from actorsup.structures import ActionTube

from .joining import TrackPiece


def rank_tubes(
    pieces: Sequence[TrackPiece], classes: Sequence[str], actors: Sequence[str], classes_per_tube: int | None
) -> tuple[ActionTube, ...]:
    """The tubes of one video, each for its best classes, the best first; of equals the earlier piece.

    A head's scores are logarithms of probabilities, by which tubes stay apart that are all but certain; the result has
    the probabilities.

    Args:
        pieces: the tubes, their label the actor's category, with scores ``(K,)``.
        classes: ``K`` names.
        actors: names of the categories; one without a name is called by its number.
        classes_per_tube: None is all.
    """
    found = [
        (piece, int(label)) for piece in pieces for label in np.argsort(-piece.scores, kind="stable")[:classes_per_tube]
    ]
    found.sort(key=lambda pair: -pair[0].scores[pair[1]])
    return tuple(
        ActionTube(
            rank=rank,
            action=classes[label],
            actor=_actor_name(piece.tube.label, actors),
            track=piece.track,
            tube=replace(piece.tube, label=label, score=float(np.exp(piece.scores[label]))),
        )
        for rank, (piece, label) in enumerate(found, start=1)
    )


def _actor_name(label: int, actors: Sequence[str]) -> str:
    return actors[label] if label < len(actors) else f"actor {label}"
