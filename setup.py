"""Installs actorsup. Its requirements are installed by `make setup`, in the order that mmcv's build needs."""

import re
from pathlib import Path

from setuptools import find_packages, setup

ROOT = Path(__file__).parent

setup(
    name="actorsup",
    version=re.search(r'__version__ = "(.+)"', (ROOT / "actorsup/__init__.py").read_text()).group(1),
    description="Weakly supervised spatiotemporal action localization by actor supervision",
    long_description=(ROOT / "README.md").read_text(),
    long_description_content_type="text/markdown",
    license="Apache-2.0",
    python_requires=">=3.11",
    packages=find_packages(include=["actorsup", "actorsup.*"]),
)
