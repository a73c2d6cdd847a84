"""Anybody's videos, from one annotation file."""

from collections.abc import Callable, Mapping, Sequence
from functools import cached_property
from pathlib import Path

from actorsup.errors import InputError
from actorsup.registry import DATASETS

from .formats import VideoAnnotation, VideoCollection, read_videos_file
from .video_dataset import VideoDataset

SOURCE = (
    "an annotation file of format actorsup.videos, see docs/annotation.md; "
    "`actorsup convert` makes it from other formats"
)


@DATASETS.register_module()
class AnnotatedVideos(VideoDataset):
    """The videos of a neutral annotation file (``docs/annotation.md``), which names the classes too.

    Training needs names and labels alone: a file without any box is enough, and the tubes of one that has them are not
    looked at. Testing, and training with ``true_tubes``, leave out videos without ``tubes``.

    Args:
        data_root: folder that the next three are relative to.
        ann_file: the annotation file, ``.json`` or ``.json.gz``.
        split: name of the split to use, or several names. None uses the one split of a file that has no other.
        video_prefix: see ``VideoDataset``, as the rest.
        tube_store: the proposals.
        reader: config of a registered video reader.
        classes: use the videos of these classes only, and number them in this order.
        missing_videos: ``'error'`` or ``'skip'``.
        pipeline: transforms, built or as configs.
        test_mode: testing, not training.
        true_tubes: training with the true tubes.
        lazy_init: read nothing yet; ``metainfo`` has no classes until then.

    Raises:
        InputError: naming file, video and value, if the file is wrong, has no such split, or has several and none was
            chosen.
    """

    split_file_source = ann_file_source = SOURCE
    videos_source = "the videos of the annotation file, by their names in it"

    def __init__(
        self,
        data_root: str | Path,
        ann_file: str | Path,
        split: str | Sequence[str] | None = None,
        video_prefix: str | Path = "videos",
        tube_store: str | Path | Mapping | None = None,
        reader: Mapping | None = None,
        classes: Sequence[str] | None = None,
        missing_videos: str = "error",
        pipeline: Sequence[Mapping | Callable] = (),
        test_mode: bool = False,
        true_tubes: bool = False,
        lazy_init: bool = False,
    ) -> None:
        self.split = (split,) if isinstance(split, str) else split
        super().__init__(
            data_root=data_root,
            split_file=ann_file,
            ann_file=ann_file,
            video_prefix=video_prefix,
            tube_store=tube_store,
            reader=reader,
            classes=classes,
            missing_videos=missing_videos,
            pipeline=pipeline,
            test_mode=test_mode,
            true_tubes=true_tubes,
            lazy_init=lazy_init,
        )

    @cached_property
    def _listed(self) -> VideoCollection:
        """What the file says, without any box."""
        return read_videos_file(self.split_file, with_tubes=False)

    @cached_property
    def _splits(self) -> frozenset[str]:
        known = self._listed.splits
        if self.split is None and len(known) > 1:
            raise InputError(f"{self.split_file}: has the splits {', '.join(known)}; choose with split='{known[0]}'")
        chosen = known if self.split is None else self.split
        if unknown := [name for name in chosen if name not in known]:
            raise InputError(f"{self.split_file}: has no split {unknown[0]!r}, only {', '.join(known) or 'no video'}")
        return frozenset(chosen)

    def read_metainfo(self) -> dict:
        """Name of the data set, classes and actors, as the file has them."""
        listed = self._listed
        metainfo = {"dataset": listed.name, "classes": listed.classes}
        optional = {"class_actors": listed.class_actors, "actors": listed.actors}
        return metainfo | {key: value for key, value in optional.items() if value is not None}

    def read_labels(self) -> list[tuple[str, int]]:
        """The videos of the split."""
        return [(video.video, video.label) for video in self._listed.videos if video.split in self._splits]

    def read_annotations(self) -> dict[str, VideoAnnotation]:
        """The annotated videos of the split."""
        videos = read_videos_file(self.ann_file).videos
        return {
            video.video: video.annotation
            for video in videos
            if video.split in self._splits and video.annotation is not None
        }
