from pathlib import Path

import pytest
from mmengine.config import Config

from actorsup.apis.config import load_config, recipe_of, require_annotation
from actorsup.errors import InputError
from actorsup.shipped import shipped_folder


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


@pytest.mark.parametrize("name", ["actorsup_shufflenet_puppets.py", "demo_puppets.py", "actorsup_vgg16_thumos13.py"])
def test_what_a_shipped_config_names_is_found_from_an_empty_folder(tmp_path, monkeypatch, name):
    monkeypatch.chdir(tmp_path)
    recipe = recipe_of(load_config(shipped_folder("configs") / name))
    ours = [recipe.detector["config"], *([recipe.detector["checkpoint"]] if "puppets" in name else [])]
    assert all(path.startswith("mmdet::") or Path(path).is_file() for path in ours)


def test_files_of_the_working_directory_and_of_options_are_looked_for_too(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    small = "actorsup/trackers/checkpoints/siamese_small_generated.pth"
    (tmp_path / "config.py").write_text(f"parts = [dict(checkpoint='{small}'), dict(weights='IMAGENET1K_V1')]")
    loaded = load_config("config.py", options={"load_from": small})
    assert Path(loaded.load_from).is_file()
    assert Path(loaded.parts[0].checkpoint).is_file()
    assert loaded.parts[1].weights == "IMAGENET1K_V1"
    (tmp_path / small).parent.mkdir(parents=True)
    (tmp_path / small).touch()
    assert load_config("config.py").parts[0].checkpoint == small
