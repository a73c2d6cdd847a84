import pytest

from actorsup.apis import load_config, make_puppets
from actorsup.errors import InputError
from tests.toy import run_tool

WORLD = """
puppets = dict(
    root="{root}/puppets",
    settings=dict(size=(96, 72), num_frames=(4, 5), num_textures=3),
    sizes=dict(train_stills=1, val_stills=0, sequences=0, sequence_frames=2, train_videos=0, test_videos=0),
)
"""


def test_a_world_is_drawn_once(tmp_path):
    (tmp_path / "world.py").write_text(WORLD.format(root=tmp_path))
    for _ in range(2):
        output = run_tool("make_puppets", tmp_path / "world.py", "--processes", "1", root=tmp_path)
        assert output.returncode == 0, output.stderr
        assert f"the puppets are in {tmp_path}/puppets" in output.stdout
    options = ("--cfg-options", "puppets.settings.seed=1")
    output = run_tool("make_puppets", tmp_path / "world.py", *options, root=tmp_path)
    assert output.returncode == 2
    assert "holds a world with other settings" in output.stderr


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("", "needs puppets = dict"),
        ("puppets = dict(root='here')", "needs puppets = dict"),
        (WORLD.replace("num_textures=3", "colors=3"), "unexpected keyword argument 'colors'; WorldSettings"),
        (WORLD.replace("sequences=0, ", ""), "missing 1 required positional argument: 'sequences'"),
    ],
)
def test_what_a_config_lacks_is_named(tmp_path, content, message):
    path = tmp_path / "world.py"
    path.write_text(content.replace("{root}", str(tmp_path)) or "nothing = 0")
    with pytest.raises(InputError, match=message):
        make_puppets(load_config(path))
