import pytest

from actorsup import installation as shipped
from actorsup.errors import InputError
from actorsup.installation import find_file, shipped_configs, shipped_folder


@pytest.fixture
def installation(tmp_path, monkeypatch):
    """A package that a wheel installed, beside another package's folder of tools."""
    package = tmp_path / "site-packages/actorsup"
    for name in (".mim/configs", ".mim/tools", "trackers/checkpoints", "../tools"):
        (package / name).mkdir(parents=True)
    (package / ".mim/configs/demo.py").write_text("")
    (package / "trackers/checkpoints/small.pth").write_text("")
    monkeypatch.setattr(shipped, "PACKAGE", package)
    monkeypatch.setattr(shipped, "IN_WHEEL", package / ".mim")
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    return package


@pytest.mark.parametrize(("name", "file"), [("configs", "demo_puppets.py"), ("tools", "train.py")])
def test_a_clone_has_its_own_folders(name, file):
    assert (shipped_folder(name) / file).is_file()


@pytest.mark.parametrize("name", ["configs", "tools"])
def test_an_installation_has_the_folders_of_its_wheel(installation, name):
    assert shipped_folder(name) == installation / ".mim" / name


def test_a_folder_that_the_installation_lacks_is_named(installation):
    with pytest.raises(InputError, match="has no folder recipes"):
        shipped_folder("recipes")


@pytest.mark.parametrize(
    ("path", "place"),
    [("configs/demo.py", ".mim/configs/demo.py"), ("actorsup/trackers/checkpoints/small.pth", None)],
)
def test_a_shipped_file_is_found_from_every_directory(installation, path, place):
    assert find_file(path) == installation / (place or path.removeprefix("actorsup/"))


def test_a_file_in_the_working_directory_comes_first(installation, tmp_path):
    (tmp_path / "elsewhere/configs").mkdir()
    (tmp_path / "elsewhere/configs/demo.py").write_text("")
    assert str(find_file("configs/demo.py")) == "configs/demo.py"


@pytest.mark.parametrize("path", ["configs/absent.py", "checkpoints/ssd.pth", "/absent/configs/demo.py", ""])
def test_a_file_that_is_nowhere_keeps_its_path(installation, path):
    assert str(find_file(path)) == (path or ".")


def test_shipped_configs_have_names_and_parts_of_configs_have_none():
    configs = shipped_configs()
    assert (
        configs["detectors/ssd_shufflenet_puppets"] == shipped_folder("configs") / "detectors/ssd_shufflenet_puppets.py"
    )
    assert not any(name.startswith("_base_") for name in configs)
