"""Scripts run in this process, which is set back for the tests after it; and processes that are interrupted."""

import contextlib
import importlib
import os
import random
import runpy
import signal
import subprocess
import sys
import tempfile
import time
import warnings
from collections import OrderedDict
from collections.abc import Iterator
from pathlib import Path
from unittest import mock

import cv2
import numpy as np
import torch
from mmengine.registry import Registry
from mmengine.utils import ManagerMixin

from actorsup import registry

REGISTRIES = [value for value in vars(registry).values() if isinstance(value, Registry)]


def run_script(script: Path, *arguments, folder: Path) -> subprocess.CompletedProcess:
    """Call the ``main`` of a script with arguments, in a folder that modules are imported from.

    It saves the seconds that a process takes to import everything. What a process would print as a traceback is raised.
    """
    command = [str(script), *map(str, arguments)]
    with (
        tempfile.TemporaryFile("w+", encoding="utf-8") as stdout,
        tempfile.TemporaryFile("w+", encoding="utf-8") as stderr,
    ):
        with (
            as_a_process_of_its_own(folder, command),
            contextlib.redirect_stdout(stdout),
            contextlib.redirect_stderr(stderr),
        ):
            code = runpy.run_path(str(script))["main"](command[1:])
        for file in (stdout, stderr):
            file.seek(0)
        return subprocess.CompletedProcess(command, code, stdout.read(), stderr.read())


@contextlib.contextmanager
def as_a_process_of_its_own(folder: Path, command: list[str]) -> Iterator[None]:
    """Begin with no logger, scope and user's module of another run, and leave none; the same for all other state."""
    path = [str(folder), *sys.path]
    num_threads = cv2.getNumThreads()
    random_states = random.getstate(), np.random.get_state()
    importlib.invalidate_caches()  # the folder's files may be younger than the last look at it
    with contextlib.ExitStack() as stack:
        stack.enter_context(_without_the_modules_of(folder))
        stack.enter_context(contextlib.chdir(folder))
        stack.enter_context(mock.patch.dict(os.environ, PYTHONPATH=os.pathsep.join(path)))
        stack.enter_context(mock.patch.multiple(sys, argv=command, path=path))
        stack.enter_context(warnings.catch_warnings())
        stack.enter_context(torch.random.fork_rng())
        for kind in _managers(ManagerMixin):
            stack.enter_context(mock.patch.object(kind, "_instance_dict", OrderedDict()))
        random.seed(0)
        np.random.seed(0)
        torch.manual_seed(0)
        try:
            yield
        finally:
            random.setstate(random_states[0])
            np.random.set_state(random_states[1])
            cv2.setNumThreads(num_threads)


@contextlib.contextmanager
def ctrl_c_is_heard() -> Iterator[None]:
    """Handle Ctrl-C as Python does, here and in the processes that are started.

    A shell has what it starts in the background ignore Ctrl-C, tests for instance, and what they start does so too.
    """
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


def wait_for(file: Path, process: subprocess.Popen, seconds: float = 300) -> None:
    """Wait for a file by which a process says where it is."""
    deadline = time.monotonic() + seconds
    while not file.exists():
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < deadline, f"no {file}"
        time.sleep(0.01)


def _managers(kind: type) -> Iterator[type]:
    """Mmengine's classes of named instances, loggers for instance, each of which keeps its own."""
    yield kind
    for inner in kind.__subclasses__():
        yield from _managers(inner)


@contextlib.contextmanager
def _without_the_modules_of(folder: Path) -> Iterator[None]:
    """Forget the user's modules that were imported from a folder, and what they have registered."""
    before = set(sys.modules)
    try:
        yield
    finally:
        for name in set(sys.modules) - before:
            if Path(getattr(sys.modules[name], "__file__", None) or "").is_relative_to(folder):
                del sys.modules[name]
                for part in REGISTRIES:
                    registered = [key for key, found in part.module_dict.items() if found.__module__ == name]
                    for key in registered:
                        del part.module_dict[key]
