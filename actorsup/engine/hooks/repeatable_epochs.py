"""Random numbers of an epoch that do not depend on what was drawn before it."""

import numpy as np
from mmengine.dist import get_rank
from mmengine.hooks import Hook
from mmengine.runner import Runner, set_random_seed

from actorsup.datasets import inner_datasets
from actorsup.registry import HOOKS


@HOOKS.register_module()
class RepeatableEpochsHook(Hook):
    """Seed every epoch by the run's seed and its number, in this process and in the workers that load its videos.

    A training that was interrupted and goes on from a checkpoint then ends with the weights, bit for bit on a CPU, of
    one that was not. Otherwise it would draw in its first new epoch what the first of all had drawn.
    """

    def before_train_epoch(self, runner: Runner) -> None:
        """Seed everything that draws."""
        seeds = np.random.SeedSequence([runner.seed, runner.epoch, get_rank()]).generate_state(1)
        set_random_seed(int(seeds[0]))
        for dataset in inner_datasets(runner.train_dataloader.dataset):
            if hasattr(dataset, "seed_epoch"):
                dataset.seed_epoch(int(seeds[0]))
