import pytest
from mmengine.config import Config

from actorsup.apis.config import require_annotation
from actorsup.errors import InputError


def config(**dataset) -> Config:
    return Config({"train_dataloader": {"dataset": {"type": "RepeatDataset", "dataset": {"type": "Any", **dataset}}}})


def test_annotation_and_folders_that_are_there_are_no_error(tmp_path):
    (tmp_path / "images").mkdir()
    (tmp_path / "labels.json").write_text("{}")
    require_annotation(
        config(data_root=str(tmp_path), ann_file="labels.json", data_prefix={"img": "images"}), "train_dataloader"
    )
    require_annotation(config(ann_file=str(tmp_path / "labels.json")), "train_dataloader")
    require_annotation(config(), "train_dataloader")


def test_what_is_no_local_path_is_left_to_mmengine():
    require_annotation(config(data_root="s3://bucket/", ann_file="labels.json"), "train_dataloader")
    require_annotation(config(data_root="absent", ann_file="https://example.org/labels.json"), "train_dataloader")


def test_all_that_is_missing_is_listed(tmp_path):
    (tmp_path / "images").mkdir()
    given = config(data_root=str(tmp_path), ann_file="labels.json", data_prefix={"img": "images", "seg": "masks"})
    with pytest.raises(
        InputError, match=r"no .*/labels\.json, no .*/masks; get the data, or give its data_root"
    ) as raised:
        require_annotation(given, "train_dataloader")
    assert "images" not in str(raised.value)
    with pytest.raises(InputError, match="has no val_dataloader"):
        require_annotation(given, "val_dataloader")
