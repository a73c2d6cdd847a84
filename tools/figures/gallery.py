"""Make the pictures of docs/gallery.md from a run, mostly `make demo`, by the commands that the page names.

    python tools/figures/gallery.py demo_puppets work_dirs/demo docs/figures/gallery

The report is photographed where Chromium is installed, and left as it is elsewhere.
"""

import argparse
import json
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from PIL import Image

from actorsup.cli.running import run
from actorsup.engine.train import latest_checkpoint
from actorsup.errors import InputError
from actorsup.io.files import whole_file

LARGEST = (1100, 3000)  # pixels
REPORT = (1280, 3300)
WITHOUT = ("*.pth", "features", "proposals", "puppets", "pictures")  # what no page shows
CHROMIUM = (
    *("chromium", "--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking"),
    *("--disable-component-update", "--disable-sync", "--virtual-time-budget=15000", "--hide-scrollbars"),
)


def actorsup(*arguments: str | Path) -> None:
    """Run a command."""
    done = subprocess.run([sys.executable, "-m", "actorsup", *map(str, arguments)], check=False, capture_output=True)
    if done.returncode:
        raise InputError(f"actorsup {arguments[0]} ended with {done.returncode}: {done.stderr.decode()}")


def make(config: str, work_dir: Path, out: Path) -> None:
    """Run the commands and keep their pictures, smaller."""
    latest = latest_checkpoint(work_dir)
    if latest is None:
        raise InputError(f"{work_dir}: holds no trained model; `actorsup demo` trains one")
    checkpoint = work_dir / Path(latest).name
    out.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as temporary_folder:
        folder = Path(temporary_folder) / work_dir.name
        shutil.copytree(work_dir, folder, ignore=shutil.ignore_patterns(*WITHOUT))
        actorsup("test", config, checkpoint, "--work-dir", folder, "--show-dir", folder / "overlays", "--diagnose")
        actorsup("check", config, "--work-dir", folder)
        actorsup("report", folder)
        predicted = json.loads((folder / "predictions.json").read_text())["videos"]
        best = max(predicted, key=lambda video: video["overlap"])["video"]
        pictures = {
            "overlay": folder / "overlays" / f"{best}.png",
            "proposal_curves": folder / "proposal_curves.png",
            "recall_per_class": folder / "proposal_recall_per_class.png",
            "dataset_sheet": folder / "dataset_sheet.png",
            "diagnosis": folder / "diagnosis.png",
        }
        if shutil.which(CHROMIUM[0]):
            pictures["report"] = folder / "report.png"
            size = ",".join(map(str, REPORT))
            options = (
                f"--window-size={size}",
                f"--screenshot={pictures['report']}",
                f"--user-data-dir={temporary_folder}/profile",
            )
            subprocess.run([*CHROMIUM, *options, (folder / "report.html").as_uri()], check=True, capture_output=True)
        for name, path in pictures.items():
            with Image.open(path) as picture, whole_file(out / f"{name}.webp") as temporary:
                picture.thumbnail(LARGEST)
                picture.convert("RGB").save(temporary, format="WEBP", quality=75, method=6)
            print(f"{out / name}.webp: {(out / f'{name}.webp').stat().st_size / 1e3:.0f} kB")


def main(arguments: Sequence[str] | None = None) -> int:
    """Read the arguments and draw."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("config")
    parser.add_argument("work_dir", type=Path, help="where it was trained")
    parser.add_argument("out", type=Path)
    chosen = parser.parse_args(arguments)
    return run(lambda: make(chosen.config, chosen.work_dir, chosen.out))


if __name__ == "__main__":
    sys.exit(main())
