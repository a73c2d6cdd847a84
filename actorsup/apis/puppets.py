"""Drawing the world of puppets that a config describes."""

from pathlib import Path

from mmengine.config import Config

from actorsup.datasets.puppets import PuppetWorld, WorldSettings, WorldSizes
from actorsup.errors import InputError
from actorsup.proposals.progress import progress_bar


def make_puppets(config: Config, num_processes: int | None = None) -> Path:
    """Draw the still images, sequences and videos of a config's ``puppets``, unless they are there.

    ``puppets = dict(root=<folder>, settings=dict(…), sizes=dict(…))``, see ``WorldSettings`` and ``WorldSizes``.

    Args:
        config: as ``load_config`` returns it.
        num_processes: that draw; None takes one a core, 1 draws in this process (see ``PuppetWorld.write``).

    Returns:
        The folder.

    Raises:
        InputError: if the config has no ``puppets``, a setting is wrong, or the folder holds something else.
    """
    if "puppets" not in config or not {"root", "settings", "sizes"} == config.puppets.keys():
        raise InputError(
            f"{config.filename}: needs puppets = dict(root=…, settings=dict(…), sizes=dict(…)); "
            "configs/_base_/datasets/puppets.py has them"
        )
    world = PuppetWorld(_built(WorldSettings, config.puppets.settings), _built(WorldSizes, config.puppets.sizes))
    root = Path(config.puppets.root)
    if not world.is_written(root):
        with progress_bar("puppets", world.num_parts, unit="parts") as progress:
            for name in world.write(root, num_processes):
                progress.show(name)
                progress.advance(1)
    return root


def _built(settings: type, values: dict):
    try:
        return settings(**{key: tuple(value) if isinstance(value, list) else value for key, value in values.items()})
    except TypeError as error:
        raise InputError(f"puppets: {error}; {settings.__name__} says what there is") from error
