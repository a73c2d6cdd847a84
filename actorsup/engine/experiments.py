"""Trainings, or tests of what was trained, that differ in one thing each, with several seeds."""

import os
import statistics
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import MISSING, dataclass, fields
from itertools import product
from pathlib import Path

from actorsup.errors import InputError
from actorsup.io.reading import naming, read_json, require_layout
from actorsup.visualization import experiment_chart, save_figure

from .config import find_config, read_python
from .train import latest_checkpoint

# One thread: the order of sums, and so their rounding, depends on the number. The C library keeps freed memory: giving
# it back and taking it anew makes a step on the CPU 1.4 times as long.
ENVIRONMENT = {"OMP_NUM_THREADS": "1", "MALLOC_MMAP_MAX_": "0", "MALLOC_TRIM_THRESHOLD_": str(1 << 40)}
# Settings of a variant that say nothing about a model that is there already.
TRAINING = ("train_dataloader", "train_cfg", "optim_wrapper", "param_scheduler")


@dataclass(frozen=True)
class Experiments:
    """What an experiments file says."""

    config: Path  # that all begin with
    work_dir: Path  # where their results go, each into <variant>/seed_<seed>
    seeds: tuple[int, ...]  # of every variant
    variants: Mapping[str, Mapping]  # by name, the settings in which each differs from the config
    metrics: tuple[str, ...]  # names of the numbers of the test that are compared
    models: str | None = None  # folder, with {variant} and {seed}, of models to test that others trained; None: train
    mean_of_variants: bool = False  # whether the table ends with it: the variants are splits of one dataset

    @classmethod
    def read(cls, path: str | Path) -> "Experiments":
        """Read a Python file that ``find_config`` finds; ``config`` is relative to it."""
        path = find_config(path)
        content = read_python(path).to_dict()
        if missing := [each.name for each in fields(cls) if each.default is MISSING and each.name not in content]:
            raise InputError(f"{path}: lacks {', '.join(missing)}")
        base = (path.parent / content["config"]).resolve()
        if not base.is_file():
            raise InputError(f"{path}: config={content['config']!r}: there is no {base}")
        seeds, metrics = tuple(content["seeds"]), tuple(content["metrics"])
        further = content.get("models"), content.get("mean_of_variants", False)
        return cls(base, Path(content["work_dir"]), seeds, content["variants"], metrics, *further)

    def folder(self, variant: str, seed: int) -> Path:
        """Where the results of a training and its test go."""
        return self.work_dir / variant / f"seed_{seed}"

    def pending(self, only: Sequence[str] = ()) -> list[tuple[str, int]]:
        """Variant and seed of every training not measured yet, the first seed of all before the second."""
        if unknown := [name for name in only if name not in self.variants]:
            raise InputError(f"no variant {', '.join(unknown)}; there are {', '.join(self.variants)}")
        every = product(self.seeds, only or self.variants)
        return [(variant, seed) for seed, variant in every if self.result(variant, seed) is None]

    def result(self, variant: str, seed: int) -> dict[str, float] | None:
        """The numbers of a test; None if it was not done yet."""
        path = self.folder(variant, seed) / "test_metrics.json"
        if not path.is_file():
            return None
        with naming(path, InputError):
            return require_layout(read_json(path), {"metrics": {str: float}})["metrics"]

    def run_all(
        self,
        trainings: Sequence[tuple[str, int]],
        jobs: int = 1,
        on_start: Callable[[str, int], None] = lambda variant, seed: None,
        on_end: Callable[[str, int], None] = lambda variant, seed: None,
    ) -> None:
        """:meth:`run` trainings that are :meth:`pending`, ``jobs`` at a time; the numbers are the same for any.

        Features that their configs store are extracted first.

        ``on_start`` is called in a thread of its own. If one fails, no other begins, and ``InputError`` is raised when
        those that run beside it have ended.
        """
        if jobs < 1:
            raise InputError(f"jobs: {jobs}; it must be at least 1")
        self.extract_features(trainings)

        def run(variant: str, seed: int) -> None:
            on_start(variant, seed)
            self.run(variant, seed)

        with ThreadPoolExecutor(jobs) as pool:
            running = {pool.submit(run, *training): training for training in trainings}
            try:
                for future in as_completed(running):
                    future.result()
                    on_end(*running[future])
            except BaseException:
                pool.shutdown(cancel_futures=True)
                raise

    def write_config(self, variant: str, seed: int) -> Path:
        """Write the config of a training, or of a test alone, into its folder, and return its path."""
        settings = {**self.variants[variant], "randomness": {"seed": seed}}
        if self.models is not None:
            settings = {name: value for name, value in settings.items() if name not in TRAINING}
        lines = [f"_base_ = {str(self.config)!r}", *(f"{name} = {value!r}" for name, value in settings.items())]
        path = self.folder(variant, seed) / "config.py"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("\n".join(lines) + "\n", encoding="utf-8")
        return path

    def extract_features(self, trainings: Sequence[tuple[str, int]]) -> None:
        """Store the features of configs that have ``features``, each store once, one after the other."""
        of_config = read_python(self.config).get("features") or {}
        first = {}  # variant and seed of the first training of each store
        for variant, seed in trainings:
            own = self.variants[variant].get("features", {})
            if own is not None and (root := {**of_config, **own}.get("root")):
                first.setdefault(root, (variant, seed))
        for training in first.values():
            self._process(self.folder(*training), "extract-features", self.write_config(*training))

    def run(self, variant: str, seed: int) -> None:
        """Train and test, each in a process of its own, on one thread. What an interrupted run left is trained anew."""
        trained = folder = self.folder(variant, seed)
        config = self.write_config(variant, seed)
        if self.models is None:
            self._process(folder, "train", config)
        else:
            trained = Path(self.models.format(variant=variant, seed=seed))
        checkpoint = latest_checkpoint(trained)
        if checkpoint is None:
            raise InputError(f"{trained}: holds no trained model; run the experiments first that train it")
        self._process(folder, "test", config, checkpoint)

    def _process(self, folder: Path, command: str, *arguments: str | Path) -> None:
        program = [sys.executable, "-m", "actorsup", command, *map(str, arguments), "--work-dir", str(folder)]
        log = folder / f"{command}.log"
        with open(log, "w", encoding="utf-8") as file:
            code = subprocess.call(program, stdout=file, stderr=subprocess.STDOUT, env={**os.environ, **ENVIRONMENT})
        if code:
            raise InputError(f"{command} of {folder} failed with exit code {code}; {log} says why")

    def numbers(self) -> dict[str, dict[str, list[float]]]:
        """What each measured seed gave, by variant and metric; variants without any are left out."""
        measured = {variant: [self.result(variant, seed) for seed in self.seeds] for variant in self.variants}
        return {
            variant: {name: [result[name] for result in results if result] for name in self.metrics}
            for variant, results in measured.items()
            if any(results)
        }

    def table(self) -> list[dict[str, str | int]]:
        """A row a variant: mean ± standard deviation over the seeds that are measured, in percent.

        Where ``mean_of_variants`` is wanted, and all are measured, it is the last row.
        """
        numbers = self.numbers()
        complete = [len(next(iter(of_variant.values()))) == len(self.seeds) for of_variant in numbers.values()]
        if self.mean_of_variants and len(numbers) == len(self.variants) and all(complete):
            of_seeds = {name: zip(*(of[name] for of in numbers.values()), strict=True) for name in self.metrics}
            numbers["mean"] = {name: list(map(statistics.mean, values)) for name, values in of_seeds.items()}
        return [
            {"variant": variant, "seeds": len(next(iter(of_variant.values())))}
            | {name: _spread(values) for name, values in of_variant.items()}
            for variant, of_variant in numbers.items()
        ]

    def chart(self) -> Path:
        """Draw what is measured, of one variant at least, into the work directory."""
        path = self.work_dir / "results.png"
        save_figure(path, experiment_chart(self.numbers()), dpi=150)
        return path


def _spread(values: Sequence[float]) -> str:
    percent = [100 * value for value in values]
    deviation = f" ± {statistics.stdev(percent):.1f}" if len(percent) > 1 else ""
    return f"{statistics.mean(percent):.1f}{deviation}"
