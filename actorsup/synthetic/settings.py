"""What a world of puppets is like."""

from dataclasses import dataclass

from actorsup.errors import InputError

from .motions import ACTIONS


@dataclass(frozen=True)
class WorldSettings:
    """The settings that all videos of a world share.

    Args:
        seed: another one gives another world: other looks, places and videos.
        size: ``(width, height)`` of the frames in pixels.
        fps: frames a second.
        num_frames: of a video, least and most.
        num_bystanders: that do something else, least and most.
        second_performer_share: of the videos, those in which two act.
        untrimmed_share: of the videos, those that show more than the action.
        occluder_share: of the videos, those with something in front of the puppets.
        camera_motion: how far the camera pans, as a share of the frame's width.
        quality: of the compression, least and most, as JPEG counts it.
        num_textures: that looks and places of one set are made of.
        actions: that videos are labelled with, in the order of the labels.
        usual_stills: whether still images show usual poses alone, as photographs do; otherwise, every pose there is.

    Raises:
        InputError: if a setting is out of its range, or an action unknown or named twice.
    """

    seed: int = 0
    size: tuple[int, int] = (240, 180)
    fps: float = 15.0
    num_frames: tuple[int, int] = (40, 64)
    num_bystanders: tuple[int, int] = (1, 4)
    second_performer_share: float = 0.3
    untrimmed_share: float = 0.5
    occluder_share: float = 0.5
    camera_motion: float = 0.06
    quality: tuple[int, int] = (45, 90)
    num_textures: int = 120
    actions: tuple[str, ...] = tuple(ACTIONS)
    usual_stills: bool = True

    def __post_init__(self) -> None:
        wrong = []
        if self.seed < 0:
            wrong.append(f"seed={self.seed}: 0 or more")
        if min(self.size) < 64:
            wrong.append(f"size={self.size}: at least 64 pixels")
        if self.fps <= 0:
            wrong.append(f"fps={self.fps}: above 0")
        if self.num_textures < 1:
            wrong.append(f"num_textures={self.num_textures}: 1 or more")
        for name, lowest, highest in (
            ("num_frames", 4, None),
            ("num_bystanders", 0, None),
            ("quality", 1, 100),
        ):
            first, last = getattr(self, name)
            if not lowest <= first <= last or (highest is not None and last > highest):
                wrong.append(
                    f"{name}={(first, last)}: least and most, from {lowest}{f' to {highest}' if highest else ''}"
                )
        for name in ("second_performer_share", "untrimmed_share", "occluder_share"):
            if not 0 <= getattr(self, name) <= 1:
                wrong.append(f"{name}={getattr(self, name)}: from 0 to 1")
        if not 0 <= self.camera_motion < 0.5:
            wrong.append(f"camera_motion={self.camera_motion}: from 0 to below 0.5")
        if not self.actions or len(set(self.actions)) < len(self.actions) or not set(self.actions) <= ACTIONS.keys():
            wrong.append(f"actions={self.actions}: different ones of {', '.join(ACTIONS)}")
        if wrong:
            raise InputError("puppets: expected " + "; ".join(wrong))


@dataclass(frozen=True)
class WorldSizes:
    """How much of a world is drawn.

    Args:
        train_stills: still images for training detectors.
        val_stills: and for measuring them.
        sequences: for training trackers.
        sequence_frames: frames of each.
        train_videos: of each action.
        test_videos: of each action.

    Raises:
        InputError: if a number is negative, or a sequence has fewer than two frames.
    """

    train_stills: int
    val_stills: int
    sequences: int
    sequence_frames: int
    train_videos: int
    test_videos: int

    def __post_init__(self) -> None:
        for name, number in vars(self).items():
            least = 2 if name == "sequence_frames" else 0
            if not isinstance(number, int) or number < least:
                raise InputError(f"puppets: {name} must be a whole number from {least} on, got {number!r}")
