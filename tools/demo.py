"""The whole method on a small drawn world: data, proposals of two linkers, training from labels, test, pictures."""

import time

from actorsup.apis import cli, run_demo
from actorsup.apis.results import print_table


def main() -> None:
    """Parse, call, report."""
    start = time.perf_counter()
    config = cli.read_config(cli.parser(__doc__).parse_args())
    results = run_demo(config)
    test = results.pop("test")
    rows = [
        {"proposals of": linker, **{name: numbers[name] for name in ("recall@0.2", "recall@0.5", "mabo")}}
        for linker, numbers in results.items()
    ]
    print_table("how well the proposals cover the true tubes", rows)
    shown = ("mAP@0.2", "mAP@0.5", "localization@0.2", "localization@0.5", "accuracy")
    print_table(f"{config.proposals.linker}, trained from labels alone", [{name: float(test[name]) for name in shown}])
    print(f"pictures: {config.work_dir}/pictures, curves: {config.work_dir}/proposal_curves.png")
    print(f"{(time.perf_counter() - start) / 60:.1f} minutes")


if __name__ == "__main__":
    cli.run(main)
