"""What was found in a video: ranked tubes of actions."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from .boxes import set_frozen
from .tube import Tube


@dataclass(frozen=True, eq=False)
class ActionTube:
    """A tube, the name of the action that its actor was found doing, and of the actor's category.

    Args:
        rank: 1 for the best of its video.
        track: number of the actor's track in the video, shared by one tube found for several classes and by the pieces
            of a tube of a stream.
        tube: in pixels of the original frame; its ``label`` is the action's class, its ``score`` the probability.
    """

    rank: int
    action: str
    actor: str
    track: int
    tube: Tube

    @property
    def score(self) -> float:
        """The probability of the action."""
        return self.tube.score

    @property
    def boxes_by_frame(self) -> dict[int, list[float]]:
        """``[x1, y1, x2, y2]`` by index of the frame, 0-based."""
        return dict(enumerate(self.tube.boxes.tolist(), start=self.tube.start))

    def as_dict(self) -> dict:
        """Plain values, for JSON: ``boxes`` are those of the frames from ``start`` on."""
        return {
            "rank": self.rank,
            "action": self.action,
            "label": self.tube.label,
            "score": self.tube.score,
            "actor": self.actor,
            "track": self.track,
            "start": self.tube.start,
            "boxes": self.tube.boxes.tolist(),
            "box_scores": self.tube.scores.tolist(),
        }

    @classmethod
    def from_dict(cls, values: Mapping) -> "ActionTube":
        """The inverse of ``as_dict``."""
        tube = Tube(values["start"], values["boxes"], values["box_scores"], values["score"], values["label"])
        return cls(values["rank"], values["action"], values["actor"], values["track"], tube)


@dataclass(frozen=True, eq=False)
class Localization:
    """The actions found in one video, or in a stretch of a stream.

    Args:
        video: its name.
        start: index of the first frame that was looked at; 0 for a whole video.
        num_frames: how many were.
        size: ``(width, height)`` of a frame in pixels.
        classes: names of all actions that were looked for.
        tubes: within the frames, of actions of ``classes``, the best first.
    """

    video: str
    start: int
    num_frames: int
    size: tuple[int, int]
    classes: tuple[str, ...]
    tubes: tuple[ActionTube, ...]

    def __post_init__(self) -> None:
        set_frozen(self, size=tuple(self.size), classes=tuple(self.classes), tubes=tuple(self.tubes))
        if len(self.size) != 2 or min(self.size) < 1 or self.start < 0 or self.num_frames < 0:
            frames = f"{self.num_frames} from {self.start} on, of size {self.size}"
            raise ValueError(f"{self.video}: frames are counted from 0 and have a width and a height, got {frames}")
        end = self.start + self.num_frames
        last_rank = 0
        for found in self.tubes:
            tube, named = found.tube, f"{self.video}: the tube of rank {found.rank}"
            if tube.start < self.start or tube.end > end:
                frames = f"frames {tube.start} to {tube.end - 1}"
                raise ValueError(f"{named} is in {frames}, {self.start} to {end - 1} were looked at")
            if not 0 <= tube.label < len(self.classes) or self.classes[tube.label] != found.action:
                reason = f"which do not agree with the classes {', '.join(self.classes)}"
                raise ValueError(f"{named} has label {tube.label} and action {found.action!r}, {reason}")
            if found.rank <= last_rank:
                raise ValueError(f"{self.video}: rank {found.rank} follows {last_rank}; tubes come the best first")
            last_rank = found.rank

    def best(self, top: int | None = None, min_score: float = 0.0) -> "Localization":
        """With the best tubes alone: at most ``top``, with scores from ``min_score``."""
        tubes = [found for found in self.tubes if found.score >= min_score]
        return replace(self, tubes=tuple(tubes[:top]))

    def as_dict(self) -> dict:
        """Plain values, for JSON."""
        plain = {"size": list(self.size), "classes": list(self.classes)}
        return {**vars(self), **plain, "tubes": [found.as_dict() for found in self.tubes]}

    @classmethod
    def from_dict(cls, values: Mapping) -> "Localization":
        """The inverse of ``as_dict``."""
        return cls(**{**values, "tubes": [ActionTube.from_dict(found) for found in values["tubes"]]})
